// What every page has besides its server-made content. Each part does nothing where it has no use.
import "./theme.js";
import "./menus.js";
import "./shortcuts.js";
import "./suggestions.js";
import "./announce.js";
import "./copy.js";
