import { byId, setName } from '../lib/dom.js';
import { say, t } from '../i18n/i18n.js';

/** @import { Device } from '../types.js' */

/** Says which processor runs, and why. @param {Device} device @param {string} reason in the page's language */
export function showBadge(device, reason) {
  const badge = byId('badge', HTMLElement);
  badge.dataset.device = device;
  badge.dataset.reason = reason;
  badge.title = reason;
  const name = device === 'gpu' ? t('graphics processor') : 'CPU';
  setName(
    byId('badge-text', HTMLElement),
    say('Runs on this computer ({}). Your music never leaves it.', name),
  );
  setName(byId('badge-reason', HTMLElement), reason);
}
