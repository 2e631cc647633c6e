// The overview's chart: events received, one bar a minute, drawn by uPlot from /pages/chart.json.
import uPlot from "uplot";

const place = document.getElementById("chart");

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

async function draw() {
  const answer = await fetch(place.dataset.from);
  place.dataset.drawn = "";
  if (!answer.ok) return;
  const told = await answer.json();
  place.replaceChildren();
  const nothing = document.getElementById("quiet");
  if (nothing) nothing.hidden = told.total > 0;
  if (told.total === 0) return;
  const bars = uPlot.paths.bars({ size: [0.8, 12], align: -1 });
  const series = told.series.map((one, index) => ({
    label: one.label,
    stroke: colour(`--line-${index + 1}`),
    fill: index ? colour(`--line-${index + 1}`) : colour("--line-1-fill"),
    width: 1,
    paths: bars,
    points: { show: false },
    value: (_, raw) => (raw == null ? "" : raw),
  }));
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--edge"), width: 1 } };
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
  new uPlot(
    {
      width: place.clientWidth,
      height: 190,
      legend: { live: true },
      cursor: { y: false },
      scales: { y: { range: (_, low, high) => [0, Math.max(4, Math.ceil(high * 1.1))] } },
      series: [{ label: "at", value: (_, raw) => (raw == null ? "" : clock.format(raw * 1000)) }, ...series],
      axes: [
        { ...axis, space: 70, values: (_, at) => at.map((one) => clock.format(one * 1000)) },
        { ...axis, size: 56, label: told.unit, labelSize: 18, labelFont: "12px system-ui", incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] },
      ],
    },
    [told.times, ...told.series.map((one) => one.values.map((value) => value || null))],
    place,
  );
}

if (place) {
  draw();
  setInterval(draw, 30000);
  let wait = 0;
  window.addEventListener("resize", () => {
    clearTimeout(wait);
    wait = setTimeout(draw, 200);
  });
}
