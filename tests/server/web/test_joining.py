"""A page's script with all that it imports in one file."""

import pytest

from server.web.joining import entries, imports, joined

WORDS = "export const t = (key) => key;\nexport class Store {}\n"
CARDS = "import { t } from './words.js';\n\nexport function draw() {\n  return t('on');\n}\n"
PHONE = "export async function keep() {}\n"
APP = "import {\n  draw,\n} from './cards.js';\nimport * as phone from './phone.js';\nimport './words.js';\n\ndraw(phone.keep);\n"
MODULES = {"app.js": APP, "cards.js": CARDS, "phone-1.js": "", "phone.js": PHONE, "words.js": WORDS}


def test_what_no_other_imports_is_a_page_s_own():
    assert entries(MODULES) == ["app.js", "phone-1.js"]
    assert imports(APP) == ["cards.js", "phone.js", "words.js"]


def test_each_module_stands_once_behind_what_it_needs_in_a_scope_of_its_own():
    assert joined(MODULES, "app.js") == (
        "const $words = (() => {\nconst t = (key) => key;\nclass Store {}\nreturn { t, Store };\n})();\n\n"
        "const $cards = (() => {\nconst { t } = $words;\n\nfunction draw() {\n  return t('on');\n}\nreturn { draw };\n})();\n\n"
        "const $phone = (() => {\nasync function keep() {}\nreturn { keep };\n})();\n\n"
        "const $app = (() => {\nconst {\n  draw,\n} = $cards;\nconst phone = $phone;\n\ndraw(phone.keep);\nreturn {  };\n})();\n"
    )


def test_modules_that_import_each_other_are_refused_by_name():
    with pytest.raises(ValueError, match=r"a\.js → b\.js → a\.js"):
        joined({"a.js": "import './b.js';\n", "b.js": "import './a.js';\n"}, "a.js")


@pytest.mark.parametrize(
    "line",
    [
        "import t from './words.js';",
        "import { t as text } from './words.js';",
        "import { t } from 'elsewhere';",
        "export let n = 1;",
        "export default 1;",
        "export { t };",
        "export * from './words.js';",
    ],
)
def test_a_form_that_is_not_ours_is_refused_and_not_sent_broken(line: str):
    with pytest.raises(ValueError, match=r"a\.js: cannot be joined"):
        joined({"a.js": f"{line}\n", "words.js": WORDS}, "a.js")


def test_a_module_that_is_not_there_is_an_error():
    with pytest.raises(KeyError):
        joined({"a.js": "import './b.js';\n"}, "a.js")


def test_a_name_that_a_module_does_not_export_is_refused_as_a_browser_would():
    with pytest.raises(ValueError, match=r"a\.js: words\.js does not export s, u"):
        joined({"a.js": "import { s, t, u } from './words.js';\n", "words.js": WORDS}, "a.js")
