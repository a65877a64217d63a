// GraphiQL with everything it needs on our own address: no CDN, no font host, workers from the same build.
import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "./main.css";

import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { createElement } from "react";
import { createRoot } from "react-dom/client";

const welcome = await (await fetch("/explorer.json")).json();
const headers = welcome.callers.length ? { Authorization: welcome.callers[0].authorization } : {};

createRoot(document.getElementById("explorer")).render(
  createElement(
    GraphiQL,
    {
      fetcher: createGraphiQLFetcher({ url: welcome.endpoint }),
      defaultQuery: welcome.query,
      defaultHeaders: JSON.stringify(headers, null, 2),
      // Headers hold bearer tokens, and browser storage outlives the visit.
      shouldPersistHeaders: false,
      showPersistHeadersSettings: false,
    },
    createElement(GraphiQL.Logo, null, "retailgraph"),
  ),
);
