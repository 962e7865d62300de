import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import globals from 'globals';

export default defineConfig([
  {
    ignores: [
      '**/*',
      '!eslint.config.js',
      '!www',
      '!www/**',
      '!tests',
      'tests/*',
      '!tests/javascript',
      '!tests/javascript/**',
    ],
  },
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2024, sourceType: 'module' },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      complexity: ['error', 20],
      eqeqeq: 'error',
      'max-lines-per-function': ['error', { max: 80, skipComments: true }],
      'no-shadow': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'prefer-template': 'error',
    },
  },
  { files: ['www/**/*.js'], languageOptions: { globals: globals.browser } },
  {
    files: ['www/engine/worker.js', 'www/engine/file-source.js', 'www/engine/live-session.js'],
    languageOptions: { globals: globals.worker },
  },
  {
    files: ['www/engine/worklet.js'],
    languageOptions: { globals: globals.audioWorklet },
  },
  { files: ['tests/javascript/**/*.js'], languageOptions: { globals: globals.node } },
]);
