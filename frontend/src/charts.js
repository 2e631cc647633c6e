// The overview's chart: events received, one line a state, drawn by uPlot from /pages/chart.json.
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
  if (told.times.length === 0) return;
  const series = told.series.map((one, index) => ({
    label: one.label,
    stroke: colour(`--line-${index + 1}`),
    dash: index ? [6, 3 + 2 * index] : undefined,
    width: 2,
    fill: index ? undefined : colour("--line-1-fill"),
  }));
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--edge"), width: 1 } };
  new uPlot(
    {
      width: place.clientWidth,
      height: 180,
      legend: { live: true },
      scales: { y: { range: (_, low, high) => [0, Math.max(1, high)] } },
      series: [{}, ...series],
      axes: [axis, { ...axis, size: 44 }],
    },
    [told.times, ...told.series.map((one) => one.values)],
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
