"use strict";
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // ---- plots: drawn when they come near the screen, in the colours of the reader's scheme ----
  const drawn = new Map();
  const coarse = window.matchMedia("(pointer: coarse)").matches;

  function themed(text) {
    const tokens = { "@ink": colour("--ink"), "@muted": colour("--muted"), "@surface": colour("--card") };
    const figure = JSON.parse(text, (key, value) => (typeof value === "string" && tokens[value]) || value);
    const line = colour("--line");
    const axis = { gridcolor: line, zerolinecolor: line, linecolor: colour("--faint"), showline: true, ticks: "outside",
      ticklen: 4, tickcolor: colour("--faint") };
    const layout = figure.layout;
    for (const key of Object.keys(layout)) {
      if (/^[xy]axis\d*$/.test(key)) layout[key] = { ...axis, ...layout[key] };
    }
    figure.layout = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("--ink") },
      hoverlabel: { bgcolor: colour("--card"), bordercolor: line, font: { color: colour("--ink"), size: 12 }, align: "left" },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--faint"), activecolor: colour("--ink") },
      dragmode: coarse ? false : "zoom",
      ...layout,
    };
    return figure;
  }

  function draw(element) {
    const text = document.querySelector(`script[data-for="${element.id}"]`).textContent;
    const figure = themed(text);
    const width = element.clientWidth;
    if (element.hasAttribute("data-square") && width < 560) {
      figure.layout.height = Math.min(Math.round(width * 1.05), element.offsetHeight || 10000);
      element.style.height = `${figure.layout.height}px`;
    }
    const config = { responsive: true, displaylogo: false, displayModeBar: !coarse, plotlyServerURL: "",
      modeBarButtons: [["toImage"], ["zoom2d", "pan2d", "resetScale2d"]], // a list of our own: Plotly's has a button that uploads
      toImageButtonOptions: { format: "svg", filename: `natrode-${element.getAttribute("aria-label").replace(/[^A-Za-z0-9]+/g, "-")}-${element.id}` } };
    Plotly.react(element, figure.data, figure.layout, config).then(() => {
      if (drawn.has(element)) return;
      drawn.set(element, true);
      element.on("plotly_click", (event) => {
        const target = event.points[0].customdata;
        if (typeof target === "string" && document.getElementById(target)) location.hash = target;
      });
    });
  }

  const plots = all(".plot");
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      near.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "500px 0px" });
  plots.forEach((element) => near.observe(element));
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => Array.from(drawn.keys()).forEach(draw));
  window.addEventListener("beforeprint", () => {
    plots.filter((element) => !drawn.has(element)).forEach(draw);
  });

  // ---- the table: filters, order, links that set them ----
  const form = document.querySelector(".filters");
  if (form) {
    const table = document.getElementById("table");
    const rows = all("tbody.row", table);
    const plain = (text) => text.toLowerCase().replace(/²/g, "2").replace(/°/g, "deg").replace(/[ωΩ]/g, "ohm").replace(/[µμ]/g, "u");
    const texts = new Map(rows.map((row) => [row, plain(row.textContent)]));
    const fields = Object.fromEntries(all("[data-filter]", form).map((field) => [field.dataset.filter, field]));
    const order = form.querySelector("[data-order]");
    const shown = document.querySelector("[data-shown]");

    const filter = () => {
      const words = plain(fields.text.value).split(/\s+/).filter(Boolean);
      let count = 0;
      for (const row of rows) {
        const fits = ["paper", "role", "status"].every((key) => !fields[key].value || row.dataset[key] === fields[key].value)
          && words.every((word) => texts.get(row).includes(word));
        row.hidden = !fits;
        count += fits;
      }
      shown.textContent = count;
    };
    const sort = () => {
      const key = order.value;
      const sorted = key ? rows.slice().sort((a, b) => b.dataset[key] - a.dataset[key]) : rows;
      table.append(...sorted);
    };
    const clear = () => { form.reset(); sort(); filter(); };

    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", filter);
    order.addEventListener("change", sort);
    form.addEventListener("reset", () => setTimeout(() => { sort(); filter(); }));
    for (const link of all("[data-set-paper], [data-set-status]")) {
      link.addEventListener("click", () => {
        clear();
        if (link.dataset.setPaper) fields.paper.value = link.dataset.setPaper;
        if (link.dataset.setStatus) fields.status.value = link.dataset.setStatus;
        filter();
      });
    }
    const reveal = () => {
      const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (target && target.hidden) { clear(); target.scrollIntoView(); }
    };
    window.addEventListener("hashchange", reveal);
    filter();
  }

  // ---- scripts: copied with one click ----
  for (const button of all("[data-copy]")) {
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      try { await navigator.clipboard.writeText(source.textContent); } catch {
        const range = document.createRange();
        range.selectNodeContents(source);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        document.execCommand("copy");
      }
      const before = button.textContent;
      button.textContent = "copied";
      setTimeout(() => { button.textContent = before; }, 1500);
    });
  }

  // ---- navigation: the section on screen ----
  const links = new Map(all(".nav a").map((link) => [link.getAttribute("href").slice(1), link]));
  const sections = Array.from(links.keys()).map((id) => document.getElementById(id)).filter(Boolean);
  const visible = new Set();
  const spy = new IntersectionObserver((entries) => {
    entries.forEach((entry) => (entry.isIntersecting ? visible.add(entry.target) : visible.delete(entry.target)));
    const current = sections.filter((section) => visible.has(section)).pop();
    links.forEach((link, id) => {
      const here = Boolean(current) && current.id === id;
      link.classList.toggle("here", here);
      here ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
    });
  }, { rootMargin: "-10% 0px -75% 0px" });
  sections.forEach((section) => spy.observe(section));
})();
