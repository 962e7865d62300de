// The entry of the page.

import { App } from './app/app.js';
import { loadLanguage } from './i18n/i18n.js';

// The views take texts from index.html, so it is translated first.
await loadLanguage();
new App().start();
