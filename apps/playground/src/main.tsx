// Starts the page. The theme is set by importing it, before anything is painted.
import "./state/theme.js";
import "./style/base.css";
import "./style/layout.css";
import "./style/transcript.css";
import "./style/prose.css";
import "./style/panels.css";
import { render } from "preact";
import { loadConversations } from "./state/conversations.js";
import { loadModels } from "./state/server.js";
import { App } from "./view/app.js";

void loadModels();
await loadConversations();
render(<App />, document.body);
