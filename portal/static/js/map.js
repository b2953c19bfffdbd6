// A map that is moved by hand, in place of the still one; each window is asked for as it comes.
const live = document.getElementById("map-live");
const still = document.getElementById("map-still");

function show() {
  const { L } = window;
  if (!live || !L) return;
  const [west, south, east, north] = live.dataset.box.split(",").map(Number);
  live.hidden = false;
  still.hidden = true;
  const map = L.map(live, { preferCanvas: true, attributionControl: false, minZoom: 1, maxZoom: 18 });
  L.control.scale({ imperial: false }).addTo(map);
  if (live.dataset.tiles) L.tileLayer(live.dataset.tiles, { maxZoom: 18 }).addTo(map);
  const colours = getComputedStyle(live);
  const colour = colours.getPropertyValue("--water").trim();
  const layer = L.geoJSON(null, {
    style: { color: colour, weight: 1.5, fillOpacity: 0.25 },
    pointToLayer: (feature, place) =>
      L.circleMarker(place, {
        radius: Math.min(12, 3 + Math.sqrt(feature.properties.count ?? 1)),
        color: colour, weight: 1, fillOpacity: 0.55,
      }),
    onEachFeature: (feature, drawn) => {
      const { label, count } = feature.properties;
      const words = label || (count ? `${count} ${live.dataset.rows}` : "");
      if (!words) return;
      const told = document.createElement("span"); // an element, since a label comes from the data
      told.textContent = words;
      drawn.bindTooltip(told);
    },
  }).addTo(map);
  let asked = 0;
  async function look() {
    const turn = ++asked;
    const seen = map.getBounds().pad(0.2);
    const edges = [Math.max(-180, seen.getWest()), Math.max(-90, seen.getSouth()),
      Math.min(180, seen.getEast()), Math.min(90, seen.getNorth())];
    const url = new URL(live.dataset.layer, location.href);
    url.searchParams.set("bbox", edges.map((edge) => edge.toFixed(6)).join(","));
    url.searchParams.set("zoom", Math.round(map.getZoom()));
    const answer = await fetch(url);
    if (!answer.ok) return;
    const features = await answer.json();
    if (turn !== asked) return; // the map has moved on
    layer.clearLayers();
    layer.addData(features);
  }
  map.on("moveend", look);
  map.fitBounds([[south, west], [north, east]]);
}

if (window.L) show();
else addEventListener("load", show);
