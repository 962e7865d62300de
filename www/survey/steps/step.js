import { isListening } from '../listening.js';

/** @import { SurveyConfig, SurveyStep } from '../../types.js' */

/**
 * One step of the survey, as the view shows it.
 * @typedef {object} Step
 * @property {string} heading
 * @property {Node[]} children what it asks
 * @property {() => void} onSubmit the way on, if nothing hinders
 * @property {string} [submit] the button's text
 * @property {Node} [back] a way back other than to the step before
 * @property {Node[]} [after] what stands below the buttons
 * @property {() => void} [onShown] called once it is on show
 * @property {() => void} [onEngine] called once it is on show, and when the engine comes or goes
 * @property {(event: KeyboardEvent) => void} [onKey]
 * @property {() => void} [onLook] called when the visitor comes to the survey, from the song above perhaps
 */

/** @type {SurveyStep[]} */
const TASTE = ['consent', 'favourite', 'songs', 'three', 'comment', 'review'];
/** @type {SurveyStep[]} */
const LISTENING = ['consent', 'ratings', 'comment', 'review'];

/** A survey's steps in the order in which they are asked. @param {SurveyConfig} config */
export const stepsOf = (config) => (isListening(config) ? LISTENING : TASTE);
