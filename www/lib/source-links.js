// Where a song of the catalogue comes from and where it can be heard.

import { make, rawText } from './dom.js';
import { format, t } from '../i18n/i18n.js';

/** A licence that has no identifier, or that nobody states. */
const UNKNOWN_LICENCE = 'unclear';

/**
 * A link as it may be followed: an address with https, or nothing.
 * @param {string | undefined} link
 */
export function secureLink(link) {
  try {
    const url = new URL(link ?? '');
    return url.protocol === 'https:' ? url.href : '';
  } catch {
    return '';
  }
}

/**
 * Where a song of the catalogue is from and where it can be found: listen, licence, source, search.
 * @param {{title: string, artist: string, licence: string, source: string, link?: string}} song
 * @returns {HTMLElement[]}
 */
export function sourceLinks({ title, artist, licence, source, link }) {
  const called = title || t('Untitled');
  const found = [];
  const listen = secureLink(link);
  if (listen) {
    const label = format('Listen to “{}” at its source', called);
    found.push(externalLink('listen-at-source', listen, 'Listen at its source', label));
  }
  // Older catalogues say it in these words of songs that have no licence to offer.
  const unclear = licence === UNKNOWN_LICENCE || licence.startsWith('research use only');
  if (licence && !unclear) {
    found.push(make('span', 'licence', rawText(licence)));
  } else if (licence && listen) {
    // Whoever is sent to a song shall know that its licence is not known.
    found.push(make('span', 'licence', 'licence unclear'));
  }
  if (/^https?:\/\//.test(source)) {
    found.push(externalLink('source', source, 'Source', format('Source of “{}”', called)));
  } else if (source) {
    found.push(make('span', 'licence', rawText(format('from {}', source))));
  }
  const query = encodeURIComponent(`${artist} ${called}`.trim());
  found.push(
    externalLink(
      'search',
      `https://duckduckgo.com/?q=${query}`,
      'Search the web',
      format('Search the web for “{}” by {}', called, artist || t('unknown artist')),
    ),
  );
  return found;
}

/**
 * A link that leaves the page, only when it is followed.
 * @param {string} className
 * @param {string} href
 * @param {string} text
 * @param {string} label in the page's language
 */
function externalLink(className, href, text, label) {
  const link = make('a', className, text);
  link.href = href;
  link.target = '_blank';
  link.rel = 'noopener noreferrer';
  link.setAttribute('aria-label', format('{} (new tab)', label));
  return link;
}
