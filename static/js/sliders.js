// The number beside a slider follows it while it moves; the answer is the server's. Without this module the form has
// a button.

document.addEventListener("input", ({ target }) => {
  const output = target.matches("#sliders input[type=range]") && target.closest(".slider").querySelector("output");
  if (!output) return;
  const sign = target.valueAsNumber > 0 && !("unsigned" in output.dataset) ? "+" : "";
  output.value = `${sign}${target.value} ${output.dataset.unit}`;
});
