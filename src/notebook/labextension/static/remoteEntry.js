// tapescope's extension of JupyterLab: draws application/vnd.tapescope.explorer.v1+json in the outputs of a notebook.
// It is what a bundler would make of a module to be loaded by JupyterLab (webpack's module federation): an object with
// init() and get(). The page's script and plotly.js stand beside it, and are loaded with the first page that is shown.
(() => {
  const folder = new URL(".", document.currentScript.src);
  const className = "tapescope-explorer";
  let shared = {};
  let loaded;

  // Keys that are pressed in a page (letters, arrows, space) are its own, and move no cells. JupyterLab keeps off an
  // output's keys by itself, but for those that it takes from whatever has the focus: there it looks for this attribute.
  addEventListener(
    "keydown",
    ({ target }) => {
      if (target instanceof Element && target.closest(`.${className}`)) target.dataset.lmSuppressShortcuts = "true";
    },
    true, // before JupyterLab's own listener
  );

  function loadScript(name) {
    return new Promise((done, fail) => {
      const script = document.createElement("script");
      script.onload = () => done();
      script.onerror = () => fail(new Error(`${name} could not be loaded; run \`npm start\` again.`));
      script.src = new URL(name, folder).href;
      document.head.append(script);
    });
  }

  /** The page's functions, with its style and Plotly in place. */
  function load() {
    loaded ??= Promise.all([globalThis.Plotly ?? loadScript("plotly.min.js"), loadScript("explorer.js")])
      .then(() => {
        const style = document.createElement("link");
        style.rel = "stylesheet";
        style.href = new URL("explorer.css", folder).href;
        document.head.append(style);
        return globalThis.tapescopeExplorer;
      })
      .catch((error) => {
        loaded = undefined; // the next page tries again
        throw error;
      });
    return loaded;
  }

  /** JupyterLab's own Widget, which every renderer must be. */
  async function sharedWidget() {
    const versions = Object.values(shared["@lumino/widgets"] ?? {});
    const own = versions.find(({ from }) => /jupyterlab\/application/.test(from)) ?? versions[0];
    if (!own) throw new Error("tapescope's extension needs JupyterLab 4.");
    return (await own.get())().Widget;
  }

  function rendererOf(Widget) {
    return class ExplorerRenderer extends Widget {
      constructor(options) {
        super();
        this.mimeType = options.mimeType;
        this.addClass(className);
      }

      async renderModel(model) {
        this.unmount();
        const place = document.createElement("div");
        this.node.replaceChildren(place);
        try {
          const { mount, embeddedSources } = await load();
          if (place.parentNode === this.node) this.taken = mount(place, embeddedSources(model.data[this.mimeType]));
        } catch (error) {
          place.textContent = `The explorer could not be shown: ${error.message}`;
        }
      }

      unmount() {
        this.taken?.();
        this.taken = undefined;
      }

      dispose() {
        if (!this.isDisposed) this.unmount();
        super.dispose();
      }
    };
  }

  async function mimeExtension() {
    const mimeType = "application/vnd.tapescope.explorer.v1+json";
    const Renderer = rendererOf(await sharedWidget());
    const createRenderer = (options) => new Renderer(options);
    const rendererFactory = { safe: true, mimeTypes: [mimeType], createRenderer };
    // Of several forms of an output the one of the lowest rank is drawn.
    const plugin = { id: "tapescope-explorer:renderer", rendererFactory, rank: 0, dataType: "json" };
    return { __esModule: true, default: plugin };
  }

  globalThis._JUPYTERLAB ??= {};
  globalThis._JUPYTERLAB["tapescope-explorer"] = {
    init(scope) {
      shared = scope;
    },
    async get() {
      const module = await mimeExtension();
      return () => module;
    },
  };
})();
