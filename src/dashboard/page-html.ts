/** The page's document. Under the server's policy no script may stand in it. Plotly comes last: the page asks for its data first. */
export const pageHtml: string = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>tapescope</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="explorer.css">
<script defer src="explorer.js"></script>
<script defer src="start.js"></script>
<script defer src="plotly.min.js"></script>
<style>body { margin: 0; } #explorer { min-height: 100vh; }</style>
</head>
<body>
<main id="explorer"><noscript>This page needs JavaScript to draw its figures.</noscript></main>
</body>
</html>
`;

/** What starts it. */
export const startScript: string = `const place = document.getElementById("explorer");
const { mount, servedSources, tell } = tapescopeExplorer;
servedSources(".").then(
  (sources) => {
    place.replaceChildren();
    mount(place, sources);
  },
  (error) => tell(place, error.message),
);
`;
