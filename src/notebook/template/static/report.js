// What the page does by itself: contents, code folding, formulas, figures, explorers. Reads nothing but the page.
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  /** Two headings of the same words get the same id from nbconvert; some get none. */
  function ensureIds(headings) {
    for (const heading of headings) {
      const base = heading.id || `section-${headings.indexOf(heading) + 1}`;
      let id = base;
      for (let i = 2; (document.getElementById(id) ?? heading) !== heading; i++) id = `${base}-${i}`;
      heading.id = id;
      heading.querySelector("a.anchor-link")?.setAttribute("href", `#${encodeURIComponent(id)}`);
      heading.querySelector("a.anchor-link")?.setAttribute("aria-label", "Link to this section");
    }
  }

  function wordsOf(heading) {
    const mark = heading.querySelector("a.anchor-link")?.textContent ?? "";
    const words = heading.textContent;
    return (mark && words.endsWith(mark) ? words.slice(0, -mark.length) : words).trim();
  }

  function buildContents() {
    const headings = all(".jp-RenderedMarkdown").flatMap((text) => all("h1, h2, h3", text));
    ensureIds(headings);
    const nav = document.querySelector(".report-contents");
    if (headings.length < 2) return;
    const links = headings.map((heading) => {
      const link = document.createElement("a");
      link.href = `#${encodeURIComponent(heading.id)}`;
      link.textContent = wordsOf(heading);
      const item = document.createElement("li");
      item.className = `report-${heading.localName}`;
      item.append(link);
      nav.querySelector("ul").append(item);
      return link;
    });
    nav.hidden = false;

    // Open at the side of a wide page; on a narrow one it covers the text, and closes when a link was followed.
    const details = nav.querySelector("details");
    const wide = matchMedia("(min-width: 1200px)");
    const adapt = () => {
      details.open = wide.matches;
    };
    wide.addEventListener("change", adapt);
    adapt();
    for (const link of links) link.addEventListener("click", () => adapt());

    const mark = () => {
      const passed = headings.filter((heading) => heading.getBoundingClientRect().top < 100).length;
      links.forEach((link, index) => {
        if (index === Math.max(0, passed - 1)) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      });
    };
    addEventListener("scroll", mark, { passive: true });
    mark();
  }

  function foldCode() {
    const cells = all("details.report-code");
    const button = document.querySelector(".report-fold");
    const anyOpen = () => cells.some((cell) => cell.open);
    const name = () => {
      button.textContent = anyOpen() ? "Hide all code" : "Show all code";
    };
    button.hidden = cells.length === 0;
    button.addEventListener("click", () => {
      const open = !anyOpen();
      for (const cell of cells) cell.open = open;
      name();
    });
    for (const cell of cells) cell.addEventListener("toggle", name);
    name();
  }

  /** TeX becomes MathML, which browsers draw themselves. What cannot be read stays as it was written. */
  function drawFormulas() {
    if (!window.temml) return;
    const delimiters = [
      { left: "$$", right: "$$", display: true },
      { left: "$", right: "$", display: false },
      ...["equation", "equation*", "align", "align*", "gather", "gather*"].map((name) => {
        return { left: `\\begin{${name}}`, right: `\\end{${name}}`, display: true };
      }),
    ];
    for (const text of all(".jp-RenderedMarkdown, .jp-RenderedLatex")) {
      try {
        window.temml.renderMathInElement(text, { delimiters, throwOnError: false, trust: false, errorCallback() {} });
      } catch {}
    }
  }

  // For figures that bring no colours of their own: Plotly's white sheet would glare on a dark page.
  const axis = { gridcolor: "rgba(128,128,128,0.25)", zerolinecolor: "rgba(128,128,128,0.5)", linecolor: "#7a7a7a" };
  const clear = "rgba(0,0,0,0)";
  const TEMPLATE = {
    layout: {
      paper_bgcolor: clear,
      plot_bgcolor: clear,
      font: { color: "#7a7a7a" },
      xaxis: axis,
      yaxis: axis,
      sliderdefaults: { tickcolor: "#7a7a7a" },
    },
  };

  function plainText(markup) {
    return new DOMParser().parseFromString(String(markup), "text/html").body.textContent.trim();
  }

  /** Paper is about 690 px wide: what is wider is printed smaller rather than cut. */
  function fitPaper(element, width) {
    element.style.setProperty("--print-zoom", Math.min(1, 690 / width).toFixed(3));
  }

  async function drawFigure(element) {
    const plot = element.querySelector(".report-plot");
    try {
      let figure = JSON.parse(element.querySelector("script").textContent);
      if (typeof figure === "string") figure = JSON.parse(figure); // as tslab.display.raw() sends it
      if (!Array.isArray(figure?.data)) throw new Error("it has no list of data.");
      const layout = { template: TEMPLATE, ...figure.layout };
      const title = plainText(layout.title?.text ?? layout.title ?? "");
      if (title) element.setAttribute("aria-label", title);
      const config = {
        responsive: true,
        ...figure.config,
        displaylogo: false,
        showSendToCloud: false,
        showEditInChartStudio: false,
      };
      await window.Plotly.newPlot(plot, { data: figure.data, layout, frames: figure.frames ?? [], config });
      const settle = () => {
        const { width, height } = plot._fullLayout;
        plot.style.minHeight = "";
        plot.style.height = `${height}px`; // when the window changes, Plotly takes its height from here
        fitPaper(plot, width);
      };
      plot.on("plotly_afterplot", settle);
      settle();
    } catch (error) {
      plot.style.minHeight = "";
      tell(plot, "This figure could not be drawn", error);
    }
  }

  function tell(place, what, error) {
    const message = document.createElement("p");
    message.className = "report-problem";
    message.textContent = `${what}: ${error instanceof Error ? error.message : error}`;
    place.replaceChildren(message);
  }

  /** The page's script, which stands in the head, does the rest. */
  function showExplorer(element) {
    const place = element.querySelector("div");
    try {
      const { mount, embeddedSources } = window.tapescopeExplorer;
      mount(place, embeddedSources(JSON.parse(element.querySelector("script").textContent)));
    } catch (error) {
      tell(place, "The explorer could not be shown", error);
    }
  }

  async function drawFigures() {
    for (const element of all(".report-figure, .report-explorer")) {
      if (element.matches(".report-explorer")) showExplorer(element);
      else await drawFigure(element);
      await new Promise((resolve) => setTimeout(resolve)); // the page stays alive between two figures
    }
    document.documentElement.dataset.figures = "drawn";
  }

  drawFormulas();
  buildContents();
  foldCode();
  for (const table of all(".jp-RenderedHTML table")) fitPaper(table, table.offsetWidth);
  drawFigures();
})();
