// Starts the page. A browser drops what is on its way when the machine's networks change (Docker's do); a module that failed once
// fails for as long as the document lives, so the document is loaded again. A classic script: it has nothing to import.

(() => {
  if (document.documentElement.dataset.started) return;
  document.documentElement.dataset.started = "true";
  const NAME = "kgshare loads";
  const again = (error) => {
    if (!(error instanceof TypeError)) { console.warn(error); return; } // a mistake in a module stays one
    const tries = Number(sessionStorage.getItem(NAME) ?? 0) + 1;
    sessionStorage.setItem(NAME, String(tries));
    if (tries <= 4) { setTimeout(() => location.reload(), 300 * tries); return; }
    sessionStorage.removeItem(NAME);
    const notice = document.getElementById("notice");
    notice.textContent = `The page could not be loaded: ${error.message} Load it again.`;
    notice.hidden = false;
  };
  // The rules of a sheet that did not come cannot be read.
  const came = (link) => { try { return link.sheet.cssRules.length > 0; } catch { return false; } };
  const unstyled = () => [...document.querySelectorAll("link[rel=stylesheet]")].find((link) => !came(link));
  import("/static/main.js").then((main) => main.started).then(() => {
    if (unstyled()) throw new TypeError(`${unstyled().href} did not come.`);
    sessionStorage.removeItem(NAME);
  }).catch(again);
})();
