// The entry of the page.

import { App } from './app/app.js';
import { loadLanguage } from './i18n/i18n.js';

// Long enough for shaders that are compiled in software, and for hours of sound that are decoded.
window.soundalike = { answer: null, patience: 300_000 };

// The views take texts from index.html, so it is translated first.
await loadLanguage();
new App().start();
