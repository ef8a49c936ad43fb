"""Where the links of a site lead, from its files alone."""

from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

# Pages of Sphinx's own, which the search or nothing leads to.
ON_THEIR_OWN = {"index.html", "search.html", "genindex.html", "py-modindex.html"}


class _Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.anchors, self.targets = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        if named.get("id"):
            self.anchors.append(named["id"])
        if tag == "a" and named.get("name"):
            self.anchors.append(named["name"])
        for key in ("href", "src"):
            if named.get(key):
                self.targets.append(named[key])


def _leads_to(page, target):
    """The file and the anchor of an internal link; nothing for one that leads out."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return None
    file = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    return file, unquote(parts.fragment)


def faults_of_links(site):
    """What is wrong with the internal links of all pages: a sentence for each fault."""
    site = site.resolve()
    pages = {file: _Page(file.read_text()) for file in sorted(site.rglob("*.html"))}
    faults, reached = [], set()
    for page, content in pages.items():
        name = page.relative_to(site)
        twice = {a for a in content.anchors if content.anchors.count(a) > 1}
        faults += [f"{name} has the anchor #{anchor} twice" for anchor in sorted(twice)]
        for target in dict.fromkeys(content.targets):
            found = _leads_to(page, target)
            if found is None:
                continue
            file, anchor = found
            if not file.is_relative_to(site) or not file.is_file():
                faults.append(f"{name} links to {target}, which does not exist")
            elif anchor and file in pages and anchor not in pages[file].anchors:
                faults.append(f"{name} links to {target}, which has no such anchor")
            if file != page:
                reached.add(file)
    alone = {page.relative_to(site).as_posix() for page in set(pages) - reached}
    faults += [f"no link leads to {name}" for name in sorted(alone - ON_THEIR_OWN)]
    return faults
