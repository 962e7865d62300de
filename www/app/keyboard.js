/** @import { Player } from '../views/player.js' */

/**
 * The keys that work everywhere on the page: Escape cancels, Space plays, arrows move in time.
 * @param {Player} player
 * @param {() => number} songSeconds length of the song on show
 * @param {() => boolean} onCancel returns false if there is nothing to cancel
 */
export function listenToKeys(player, songSeconds, onCancel) {
  window.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'Escape' && onCancel()) {
      event.preventDefault();
      return;
    }
    const target = /** @type {Element} */ (event.target);
    const onSeek = target.id === 'seek';
    const onControl = target.closest('button, a, input, select, textarea, summary, [tabindex]');
    if (!player.ready || (onControl && !onSeek && target.id !== 'main')) return;
    const length = songSeconds();
    const step = event.shiftKey ? 10 : Math.min(2, length / 30);
    /** @type {Record<string, number>} */
    const moves = {
      ArrowRight: step,
      ArrowLeft: -step,
      ...(onSeek && { ArrowUp: step, ArrowDown: -step, PageUp: 30, PageDown: -30 }),
      ...(onSeek && { Home: -1e9, End: length }),
    };
    const move = moves[event.key];
    if (event.key === ' ') player.toggle();
    else if (move !== undefined) player.move(move);
    else return;
    event.preventDefault();
  });
}
