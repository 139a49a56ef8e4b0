// Shows the served specification. Nothing is asked of another machine: no validator, no fonts.
const place = document.getElementById("swagger-ui");
const base = place.dataset.base;

// A parameter says with `x-current` which answer is the value to give now: the version of the
// configuration. The field gets it when an operation is tried out, and gets the next one after a
// change, unless somebody has typed another value or names a transaction.
const filled = new Map();

async function currentValue(path) {
  const answer = await fetch(base + path, { headers: { Accept: "application/json" } });
  return answer.ok ? String(await answer.json()) : "";
}

function fillsIn(Original, system) {
  return function ParameterWithCurrentValue(props) {
    const { useEffect } = system.React;
    const parameter = props.rawParam;
    const path = parameter.get("x-current");
    const key = JSON.stringify([props.pathMethod, parameter.get("name")]);
    const known = props.specSelectors.parameterWithMetaByIdentity(props.pathMethod, parameter);
    const value = known.get("value");
    const transaction = props.specSelectors
      .parameterValues(props.pathMethod)
      .get("query.transaction_id");
    useEffect(() => {
      if (!path || !props.isExecute) {
        filled.delete(key);
        return;
      }
      const change = (text) => {
        filled.set(key, { path, text, change });
        props.onChange(parameter, text, false);
      };
      const own = filled.get(key);
      if (transaction) {
        if (own && own.text && own.text === value) change("");
      } else if (!value) {
        if (!own || own.text === "") currentValue(path).then(change);
      }
    }, [path, props.isExecute, transaction]);
    return system.React.createElement(Original, props);
  };
}

async function refresh() {
  for (const { path, text, change } of [...filled.values()]) {
    if (text) change(await currentValue(path));
  }
}

// The introduction's example names an address: here it is the one that the page came from.
function withThisAddress(text) {
  return text.replace(/api=https?:\/\/[^/]+/, `api=${window.location.origin}`);
}

window.ui = SwaggerUIBundle({
  url: place.dataset.specification,
  domNode: place,
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: -1,
  displayRequestDuration: true,
  filter: true,
  validatorUrl: null,
  plugins: [() => ({ wrapComponents: { parameterRow: fillsIn } })],
  responseInterceptor: (answer) => {
    if (answer.url.endsWith(place.dataset.specification.replace(/^[./]+/, ""))) {
      answer.text = withThisAddress(answer.text);
    }
    if (answer.ok && answer.status !== 200) refresh();
    return answer;
  },
});
