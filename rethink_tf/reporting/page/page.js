"use strict";
// What the page of the report does: which runs are on, the panels, the table.
// Text from run directories goes into the page as text, never as markup.
(async () => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const lines = data.lines;
  const FILTERS = ["dataset", "model", "train_examples"];
  const RESULTS = [
    ["train_accuracy", "train accuracy"], ["test_accuracy", "test accuracy"],
    ["gap", "gap"], ["train_loss", "train loss"], ["test_loss", "test loss"]];
  // More lines than this are not all shown at first.
  const MOST = 16;
  const off = new Set();
  const sorting = {column: null, ascending: true};
  const plots = [];
  lines.forEach((line, index) => { line.index = index; });

  const byId = (id) => document.getElementById(id);
  function element(tag, text, properties = {}) {
    const made = Object.assign(document.createElement(tag), properties);
    if (text !== undefined) made.textContent = text;
    return made;
  }
  const differing = (some, of) => {
    const names = new Set(some.flatMap((line) => Object.keys(of(line))));
    return [...names].filter((name) => new Set(
      some.map((line) => JSON.stringify(of(line)[name]))).size > 1);
  };
  function show(value) {
    if (value === undefined || value === null) return "–";
    if (value === true) return "yes";
    if (value === false) return "no";
    if (typeof value === "number") {
      return Number.isInteger(value) ? value.toLocaleString("en") :
        String(+value.toPrecision(6));
    }
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  }

  // Which lines there are to see.
  const chosen = () => lines.filter((line) => FILTERS.every((name) => {
    const value = byId(`choose-${name}`).value;
    return value === "" || value === String(line.flags[name]);
  }));
  const shown = () => chosen().filter((line) => !off.has(line.index));

  function makeFilters() {
    for (const name of FILTERS) {
      const select = byId(`choose-${name}`);
      const values = new Map(
        lines.map((line) => [String(line.flags[name]), line.parts[name]]));
      if (values.size > 1) select.append(element("option", "all", {value: ""}));
      for (const [value, text] of values) {
        select.append(element("option", text, {value}));
      }
      select.parentElement.hidden = values.size < 2;
      select.addEventListener("change", () => {
        if (!chosen().length) {
          FILTERS.filter((other) => other !== name).forEach((other) => {
            const rest = byId(`choose-${other}`);
            if (rest.parentElement.hidden === false) rest.value = "";
          });
        }
        redraw();
      });
    }
    if (lines.length > MOST) chooseFirst();
  }

  // The largest group of lines that are compared at a glance: with true labels
  // and with random ones, and not too many.
  function chooseFirst() {
    const groups = new Map();
    for (const line of lines) {
      const key = JSON.stringify(FILTERS.map((name) => line.flags[name]));
      groups.set(key, [...(groups.get(key) || []), line]);
    }
    const worth = ([, some]) => [
      some.length <= MOST,
      new Set(some.map((line) => line.labels)).size, some.length];
    const best = [...groups].reduce((one, other) => {
      const [mine, others] = [worth(one), worth(other)];
      const first = mine.findIndex((value, k) => value !== others[k]);
      return first >= 0 && others[first] > mine[first] ? other : one;
    });
    JSON.parse(best[0]).forEach((value, k) => {
      byId(`choose-${FILTERS[k]}`).value = String(value);
    });
  }

  // Names say what differs; colours are the same on both kinds of labels.
  function nameAndColor() {
    const some = chosen();
    const parts = differing(some, (line) => line.parts);
    for (const line of some) {
      line.name = parts.map((part) => line.parts[part]).filter(Boolean)
        .join(", ") || line.parts.labels;
    }
    // What is trained on random labels has the colour that it has on true ones.
    const isPartial = (line) => line.labels === "other";
    setColors(some.filter(isPartial), (line) => line.parts);
    setColors(some.filter((line) => !isPartial(line)),
              (line) => ({...line.parts, labels: ""}));
  }

  function setColors(some, of) {
    const {categories, gradient} = data;
    const places = new Map();
    for (const line of some) {
      const key = JSON.stringify(of(line));
      if (!places.has(key)) places.set(key, places.size);
    }
    const last = places.size - 1;
    for (const line of some) {
      const place = places.get(JSON.stringify(of(line)));
      line.color = last < categories.length ? categories[place] :
        gradient[Math.round(place * (gradient.length - 1) / last)];
    }
  }

  function switchLine(line, on) {
    if (on) off.delete(line.index); else off.add(line.index);
    redraw();
  }

  function makeSwitch(line) {
    const box = element("input", undefined, {
      type: "checkbox", checked: !off.has(line.index)});
    box.dataset.line = line.index;
    box.addEventListener("change", () => switchLine(line, box.checked));
    return box;
  }

  function makeSwatch(line) {
    const swatch = element("span", undefined, {className: "swatch"});
    swatch.style.background = line.color;
    return swatch;
  }

  function drawLegend() {
    const legend = byId("legend");
    const some = chosen();
    const focused = document.activeElement?.dataset?.line;
    legend.replaceChildren(element(
      "legend", `${shown().length} of ${some.length} shown` +
      (some.length < lines.length ? `, ${lines.length} in all` : "")));
    for (const line of some) {
      const label = element("label", undefined, {
        className: off.has(line.index) ? "off" : ""});
      const seeds = line.runs.length > 1 ? ` (${line.runs.length} seeds)` : "";
      label.append(makeSwitch(line), makeSwatch(line),
                   element("span", line.name + seeds));
      legend.append(label);
    }
    if (focused !== undefined) {
      legend.querySelector(`[data-line="${focused}"]`)?.focus();
    }
  }

  // The panels.
  async function makePanels() {
    for (const item of data.panels) {
      await Bokeh.embed.embed_item(item);
      const found = Bokeh.documents.at(-1);
      const [, quantity, labels] = item.target_id.split("-");
      const source = found.get_model_by_name("lines");
      source.selected.properties.indices.change.connect(() => {
        const [index] = source.selected.indices;
        if (index === undefined) return;
        openConfig(lines[source.data.line[index]]);
        source.selected.indices = [];  // So that it can be clicked again.
      });
      plots.push({quantity, labels, source, root: found.roots()[0],
                  target: byId(item.target_id),
                  bands: found.get_model_by_name("bands"),
                  chance: found.get_model_by_name("chance")});
    }
  }

  function drawPanels() {
    const some = shown();
    const against = byId("against").value;
    const kinds = new Set(chosen().map((line) => line.labels));
    byId("panels").style.setProperty("--kinds", kinds.size);
    const last = Math.max(1, ...some.map((line) => line.curves[against].at(-1)));
    const losses = some.flatMap((line) => ["train_loss", "test_loss"].flatMap(
      (name) => line.curves[name].filter((value) => value !== null)));
    const tops = {
      accuracy: 1.02,
      // With room above for what a guess is called.
      loss: 1.1 * losses.reduce((one, other) => Math.max(one, other), Math.log(
        Math.max(2, ...some.map((line) => line.classes))))};
    for (const plot of plots) {
      plot.target.hidden = !kinds.has(plot.labels);
      if (plot.target.hidden) continue;
      drawPanel(plot, some.filter((line) => line.labels === plot.labels),
                against, last, tops[plot.quantity]);
    }
  }

  function drawPanel(plot, some, against, last, top) {
    const {root, quantity} = plot;
    setRange(root.x_range, 0, last);
    setRange(root.y_range, 0, top);
    root.below[0].axis_label = against;
    const drawn = {
      xs: [], ys: [], color: [], dash: [], width: [], name: [], which: [],
      against: [], line: []};
    const bands = {xs: [], ys: [], color: []};
    for (const line of some) {
      for (const part of ["train", "test"]) {
        const column = `${part}_${quantity}`;
        const known = line.curves[column].map((_, k) => k)
          .filter((k) => line.curves[column][k] !== null);
        if (!known.length) continue;
        const xs = known.map((k) => line.curves[against][k]);
        const ys = known.map((k) => line.curves[column][k]);
        drawn.xs.push(xs);
        drawn.ys.push(ys);
        drawn.color.push(line.color);
        drawn.dash.push(part === "train" ? "solid" : "7 4");
        drawn.width.push(some.length > 40 ? 1 : 2);
        drawn.name.push(line.name);
        drawn.which.push(`${part === "train" ? "training" : part} ${quantity}`);
        drawn.against.push(against);
        drawn.line.push(line.index);
        const spread = line.curves[`${column}_sd`];
        if (spread) {
          bands.xs.push([...xs, ...xs.toReversed()]);
          bands.ys.push([
            ...known.map((k, n) => ys[n] + (spread[k] ?? 0)),
            ...known.map((k, n) => ys[n] - (spread[k] ?? 0)).toReversed()]);
          bands.color.push(line.color);
        }
      }
    }
    plot.source.data = drawn;
    plot.bands.data = bands;
    const levels = new Map(some.map((line) => quantity === "accuracy" ?
      [line.chance, `a guess: ${+(100 * line.chance).toFixed(2)}%`] :
      [Math.log(line.classes), `a guess: ${Math.log(line.classes).toFixed(2)}`]));
    plot.chance.data = {
      y: [...levels.keys()], x: [...levels].map(() => last),
      text: [...levels.values()]};
  }

  function setRange(range, start, end) {
    range.setv({start, end, reset_start: start, reset_end: end});
  }

  // The table.
  function drawTable() {
    const on = shown();
    const compared = on.length > 1 ? on : chosen();
    const flags = differing(compared, (line) => line.flags);
    const columns = [
      {title: "run", of: (line) => line.name, make: makeName},
      ...flags.map((flag) => ({
        number: compared.every((line) => typeof line.flags[flag] === "number"),
        title: flag.replaceAll("_", " "), of: (line) => line.flags[flag],
        make: (line) => element("td", show(line.flags[flag]), {
          className: typeof line.flags[flag] === "number" ? "number" : ""})})),
      ...RESULTS.map(([name, title]) => ({
        title, number: true, of: (line) => line.final[name]?.[0],
        make: (line) => element("td", showFinal(name, line.final[name]), {
          className: "number"})})),
      {title: "run directory", of: (line) => line.runs[0].directory,
       make: makePlace}];
    drawHead(columns);
    const by = columns.find((column) => column.title === sorting.column);
    const rows = chosen();
    if (by) {
      rows.sort((one, other) => (sorting.ascending ? 1 : -1) *
        compare(by.of(one), by.of(other)));
    }
    byId("runs").tBodies[0].replaceChildren(...rows.map((line) => {
      const row = element("tr", undefined, {
        className: off.has(line.index) ? "off" : ""});
      row.append(...columns.map((column) => column.make(line)));
      return row;
    }));
    const alike = Object.keys(compared[0]?.flags ?? {})
      .filter((flag) => !flags.includes(flag));
    byId("common").replaceChildren(
      compared.length > 1 ? "All of them have " : "It has ",
      element("code", alike.map(
        (flag) => `--${flag}=${compared[0].flags[flag]}`).join(" ")));
  }

  function drawHead(columns) {
    const head = element("tr");
    for (const column of columns) {
      const cell = element("th", undefined, {
        scope: "col", className: column.number ? "number" : ""});
      if (sorting.column === column.title) {
        cell.ariaSort = sorting.ascending ? "ascending" : "descending";
      }
      const button = element("button", column.title, {type: "button"});
      button.addEventListener("click", () => {
        sorting.ascending = sorting.column !== column.title ||
          !sorting.ascending;
        sorting.column = column.title;
        drawTable();
        [...byId("runs").querySelectorAll("th button")].find(
          (other) => other.textContent === column.title)?.focus();
      });
      cell.append(button);
      head.append(cell);
    }
    byId("runs").tHead.replaceChildren(head);
  }

  // What is missing stands last.
  function compare(one, other) {
    const missing = (value) => value === undefined || value === null;
    if (missing(one) || missing(other)) return missing(one) - missing(other);
    if (typeof one === "number" && typeof other === "number") {
      return one - other;
    }
    return String(one).localeCompare(String(other), "en", {numeric: true});
  }

  function makeName(line) {
    const cell = element("td");
    const inner = element("div", undefined, {className: "name"});
    const button = element("button", line.name, {
      type: "button", title: "its config"});
    button.addEventListener("click", () => openConfig(line));
    inner.append(makeSwitch(line), makeSwatch(line), button);
    cell.append(inner);
    return cell;
  }

  function makePlace(line) {
    const cell = element("td", undefined, {className: "place"});
    line.runs.forEach((run, k) => {
      if (k) cell.append(element("br"));
      const link = element("a", undefined, {href: run.link});
      // Lines are broken between folders.
      run.directory.split("/").forEach((folder, depth) => {
        if (depth) link.append("/", element("wbr"));
        link.append(folder);
      });
      cell.append(link);
    });
    return cell;
  }

  function showFinal(name, value) {
    if (!value) return "–";
    const isLoss = name.endsWith("_loss");
    const text = (number) => isLoss ?
      String(+number.toPrecision(3)) : (100 * number).toFixed(2);
    const [mean, deviation] = value;
    return text(mean) + (isLoss || name === "gap" ? "" : "%") +
      (deviation === null ? "" : ` ± ${text(deviation)}`);
  }

  // The config of a line, over the page.
  function openConfig(line) {
    const dialog = byId("config");
    dialog.querySelector("h2").textContent =
      Object.values(line.parts).filter(Boolean).join(", ");
    const body = dialog.querySelector("div");
    body.replaceChildren(element("h3", "Flags"), makeRecord(
      line.runs.map((run) => run.config)), element("h3", "Result"), makeRecord(
      line.runs.map((run) => run.result)));
    for (const run of line.runs) {
      const place = element("p");
      place.append(element("a", run.directory, {href: run.link}));
      body.prepend(place);
    }
    if (!dialog.open) dialog.showModal();
  }

  function makeRecord(records) {
    const table = element("table");
    for (const name of new Set(records.flatMap(Object.keys))) {
      const row = element("tr");
      row.append(element("th", name, {scope: "row"}), ...records.map(
        (record) => element("td", show(record[name]))));
      table.append(row);
    }
    return table;
  }

  function redraw() {
    nameAndColor();
    drawLegend();
    drawPanels();
    drawTable();
  }

  makeFilters();
  byId("against").addEventListener("change", redraw);
  byId("all-on").addEventListener("click", () => {
    chosen().forEach((line) => off.delete(line.index));
    redraw();
  });
  byId("all-off").addEventListener("click", () => {
    chosen().forEach((line) => off.add(line.index));
    redraw();
  });
  nameAndColor();
  drawLegend();
  drawTable();
  await makePanels();
  drawPanels();
  // For who measures how long it takes to open.
  requestAnimationFrame(() => requestAnimationFrame(() => {
    document.documentElement.dataset.drawnAfter = Math.round(performance.now());
  }));
})();
