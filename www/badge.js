import { byId, setText } from './dom.js';

/** @import { Device } from './types.js' */

/** Says which processor runs, and why. @param {Device} device @param {string} reason */
export function showBadge(device, reason) {
  const badge = byId('badge', HTMLElement);
  badge.dataset.device = device;
  badge.dataset.reason = reason;
  badge.title = reason;
  const name = device === 'gpu' ? 'graphics processor' : 'CPU';
  setText(
    byId('badge-text', HTMLElement),
    `Runs on this computer (${name}). Your music never leaves it.`,
  );
  setText(byId('badge-reason', HTMLElement), reason);
}
