//! A report's page as a reader uses it, in a real browser.

use std::path::{Path, PathBuf};

use lab_tests::browser::{Browser, View};

/// Opens a page wide and narrow, light and dark, and does in it what a reader does.
pub fn visit(page: &Path, claims: u64) {
    let page = page.canonicalize().unwrap();
    let mut browser = Browser::start().unwrap();
    for (width, phone) in [(1280, false), (390, true)] {
        let mut papers = vec![];
        for dark in [false, true] {
            let view = View {
                width,
                height: 844,
                phone,
                dark,
            };
            browser.open(&format!("file://{}", page.display()), view).unwrap();
            papers.push(
                browser
                    .evaluate("getComputedStyle(document.body).backgroundColor")
                    .unwrap(),
            );
            read(&mut browser, width);
            let found = browser
                .evaluate("document.querySelectorAll('.claim').length")
                .unwrap();
            assert!(found.as_u64() >= Some(claims), "{found} claims");
            let complaints = browser.complaints(&page).unwrap();
            assert!(complaints.is_empty(), "{complaints:#?}");
            keep(&mut browser, &page, width, dark);
        }
        assert_ne!(papers[0], papers[1], "dark looks like light");
    }
}

/// With LAB_KEEP_PICTURES=DIRECTORY, leaves there what was seen.
fn keep(browser: &mut Browser, page: &Path, width: u32, dark: bool) {
    let Some(directory) = std::env::var_os("LAB_KEEP_PICTURES").map(PathBuf::from) else {
        return;
    };
    let name = page
        .parent()
        .and_then(Path::file_name)
        .unwrap_or_default()
        .to_string_lossy();
    let scheme = if dark { "dark" } else { "light" };
    let picture = browser.picture(true).unwrap();
    std::fs::write(
        directory.join(format!("{name}-{width}-{scheme}.png.base64")),
        picture,
    )
    .unwrap();
}

/// Each is a list of what is wrong.
fn read(browser: &mut Browser, width: u32) {
    let overflow = format!(
        "[...document.querySelectorAll('body, body *')].filter(one => one.getClientRects().length && !one.closest('pre') \
         && one.getBoundingClientRect().right > {width} + 1).map(one => one.outerHTML.slice(0, 200))"
    );
    let wide = format!(
        "document.documentElement.scrollWidth > {width} ? [document.documentElement.scrollWidth] : []"
    );
    for (what, script) in [
        ("wider than the screen", wide.as_str()),
        ("beyond the edge", &overflow),
        ("links that lead nowhere", LINKS),
        ("filters", FILTERS),
        ("languages", LANGUAGES),
        (
            "details",
            "document.querySelectorAll('details').forEach(one => { one.open = true }), []",
        ),
        ("wider than the screen, all open", &wide),
        ("beyond the edge, all open", &overflow),
        ("a script of the run's ran", "window.hacked ? ['hacked'] : []"),
    ] {
        let wrong = browser.evaluate(script).unwrap();
        let none = wrong.as_array().is_some_and(Vec::is_empty);
        assert!(none, "{what} at {width}: {wrong:#}");
    }
}

/// Follows every link: what it leads to is seen a moment later.
const LINKS: &str = r"(async () => {
  const wrong = [], links = [...document.querySelectorAll('a')];
  if (links.length < 3) wrong.push('hardly any links');
  for (const link of links) {
    if (link.hasAttribute('download')) {
      if (!/^casts\/[\w.-]+\.cast$/.test(link.getAttribute('href'))) wrong.push(link.outerHTML);
      continue;
    }
    const target = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!target || link.origin !== location.origin) { wrong.push(link.outerHTML); continue; }
    link.click();
    const seen = () => target.checkVisibility() && Math.abs(target.getBoundingClientRect().top) <= innerHeight;
    for (let frame = 0; frame < 300 && !seen(); frame++) await new Promise(requestAnimationFrame);
    if (!seen()) wrong.push(link.outerHTML + ' is not seen');
  }
  return wrong;
})()";

/// Presses every filter: what is left is what it says, and as many as it says.
const FILTERS: &str = "(() => {
  const wrong = [], bad = ['failed', 'errored', 'blocked', 'skipped', 'unfinished'];
  const kinds = () => [...document.querySelectorAll('[data-kind]')].filter(one => one.checkVisibility()).map(one => one.dataset.kind);
  const all = kinds().length;
  const filters = [...document.querySelectorAll('[data-show]')];
  if (filters.length < 3 || !all) wrong.push('no filters');
  for (const filter of filters.reverse()) {
    filter.click();
    const show = filter.dataset.show, left = kinds();
    const fits = kind => show === 'all' || kind === show || (show === 'trouble' && bad.includes(kind));
    if (!left.every(fits)) wrong.push(show + ' shows ' + left);
    const many = filter.querySelector('.many');
    if (many && Number(many.textContent) !== left.length) wrong.push(show + ': ' + left.length);
    if (show === 'all' && left.length !== all) wrong.push('all: ' + left.length);
    const nothing = document.querySelector('.nothing').checkVisibility();
    if (nothing !== (left.length === 0)) wrong.push(show + ' does not say that there is nothing');
  }
  return wrong;
})()";

/// Presses both languages: only the one chosen is seen.
const LANGUAGES: &str = "(() => {
  const wrong = [];
  for (const [lang, other] of [['ko', 'en'], ['en', 'ko']]) {
    document.querySelector(`button[data-lang=${lang}]`).click();
    const seen = of => [...document.querySelectorAll(`.l[lang=${of}]`)].filter(one => one.checkVisibility()).length;
    if (!seen(lang)) wrong.push('no ' + lang);
    if (seen(other)) wrong.push(other + ' beside ' + lang);
  }
  return wrong;
})()";
