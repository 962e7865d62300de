import { byId, setRawText } from '../lib/dom.js';
import { format, t } from '../i18n/i18n.js';

/** @import { Device } from '../types.js' */

/** Says which processor runs, and why. @param {Device} device @param {string} reason in the page's language */
export function showDevice(device, reason) {
  const badge = byId('badge', HTMLElement);
  badge.dataset.device = device;
  badge.dataset.reason = reason;
  badge.title = reason;
  const name = device === 'gpu' ? t('graphics processor') : 'CPU';
  setRawText(
    byId('badge-text', HTMLElement),
    format('Runs on this computer ({}). Your music never leaves it.', name),
  );
  setRawText(byId('badge-reason', HTMLElement), reason);
}
