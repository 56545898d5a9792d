#!/usr/bin/env python3
"""Shows each rule a small project that keeps it and one that breaks it."""

import re
import tempfile
import unittest
from pathlib import Path

import banned
import documents
import layers
import places
import sizes
from project import Project, blank_comments_and_literals

LAYERS = """
holdfast_layer(base PUBLIC_LIBRARIES fmt::fmt)
holdfast_layer(io LAYERS base LIBRARIES x::y)  # holdfast_layer(ghost)
holdfast_layer(wire LAYERS io)
holdfast_layer(codec
               LAYERS io)
holdfast_layer(storage LAYERS codec wire)
"""
PICTURE = "words\n```layers\nbase ← io ← {codec, wire} ← storage\n```\n"

BANNED_SAMPLES = [
    "std::thread t(f);", "std::jthread t{f};", "std::async(f);", "int x = rand();",
    "std::mt19937_64 g;", "system(c);", "popen(c, d);", "strcpy(a, b);", "std::sprintf(a, b);",
    "atoi(a);", "std::stoi(a);", "gettimeofday(&t, nullptr);", "time(nullptr);",
    "std::chrono::steady_clock::now();", "throw 1;", "strerror(e);", "using namespace std;", "printf(a);",
    "std::cout << a;", "getenv(a);", "std::filesystem::exists(p);",
    "std::filesystem::directory_iterator(p);", "assert(x);", "std::regex r;", "const_cast<int&>(x);",
    "for (auto& a : look()->slots) {", "for (auto& a : TRY(f(x)).names) {",
]


class RuleTest(unittest.TestCase):
    """A project in a scratch directory: files by path, and what a rule says about it."""

    def complaints(self, rule, files):
        with tempfile.TemporaryDirectory() as root:
            for name, text in ({"src/CMakeLists.txt": LAYERS} | files).items():
                path = Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return [str(complaint) for complaint in rule(Project(root))]

    def accepts(self, rule, files):
        self.assertEqual(self.complaints(rule, files), [])

    def rejects(self, rule, files, *expected):
        found = self.complaints(rule, files)
        self.assertEqual(len(found), len(expected), found)
        for complaint, part in zip(found, expected):
            self.assertIn(part, complaint)


class Layers(RuleTest):
    def test_picture(self):
        self.accepts(layers.picture_matches, {"docs/ARCHITECTURE.md": PICTURE})
        self.rejects(layers.picture_matches,
                     {"docs/ARCHITECTURE.md": PICTURE.replace("{codec, wire}", "codec")},
                     "layer storage:", "layer wire:")
        self.rejects(layers.picture_matches, {}, *["the picture shows no such layer"] * 5)

    def test_include_of_a_higher_layer(self):
        files = {"src/io/include/io/a.hpp": "", "src/base/include/base/b.hpp": "",
                 "src/io/c.cpp": '#include "io/a.hpp"\n#include "base/b.hpp"\n'}
        self.accepts(layers.includes_stay_below, files)
        files["src/base/d.cpp"] = '\n#include "io/a.hpp"\n'
        self.rejects(layers.includes_stay_below, files,
                     "src/base/d.cpp:2: layer base may not include io")

    def test_include_of_a_sibling_layer(self):
        self.rejects(layers.includes_stay_below,
                     {"src/wire/include/wire/a.hpp": "", "src/codec/tests/b_test.cpp": '#include "wire/a.hpp"'},
                     "layer codec may not include wire; it may use base, io")

    def test_include_of_nothing_of_ours(self):
        self.rejects(layers.includes_stay_below, {"src/io/a.cpp": '#include "zstd.h"'},
                     "a library is included with <>")
        self.rejects(layers.includes_stay_below,
                     {"src/io/hidden.hpp": "", "src/wire/a.cpp": '#include "hidden.hpp"'},
                     '"hidden.hpp" is no file of the project')

    def test_wrapped_library(self):
        self.rejects(layers.libraries_stay_wrapped,
                     {"src/codec/include/codec/a.hpp": "#include <sodium.h>\n#include <vector>\n",
                      "src/codec/a.cpp": "#include <sodium.h>\n"}, "a.hpp:1: a public header")


class Sizes(RuleTest):
    def test_file_size(self):
        self.accepts(sizes.files_are_short, {"src/io/a.cpp": "//\n" * 1000})
        self.rejects(sizes.files_are_short, {"src/io/a.cpp": "//\n" * 1001}, "1001 lines")

    def test_purpose(self):
        self.accepts(sizes.files_open_with_purpose,
                     {"src/io/a.cpp": "// Reads.\n", "tools/b.py": '#!/bin/x\n"""Does."""\n'})
        self.rejects(sizes.files_open_with_purpose,
                     {"src/io/a.cpp": "#include <a>\n", "tools/b.py": "import os\n"}, "a.cpp", "b.py")

    def test_guard(self):
        self.rejects(sizes.headers_are_guarded, {"src/io/a.hpp": "// A.\n"}, "#pragma once")

    def test_function_size(self):
        body = "namespace x {\nclass C {\n  int f(int a,\n        int b) const {\n%s    if (a) { b(); }\n  }\n};\n}\n"
        self.accepts(sizes.functions_are_short, {"src/io/a.cpp": body % ("    a();\n" * 66)})
        self.rejects(sizes.functions_are_short, {"src/io/a.cpp": body % ("    a();\n" * 67)},
                     "a.cpp:3: a function of 71 lines")
        self.accepts(sizes.functions_are_short,
                     {"src/io/a.cpp": "// tidy: allow(function-size): one table\n"
                                      "int f() {\n" + "g();\n" * 80 + "}\n"})

    def test_long_namespaces_and_classes_are_no_functions(self):
        self.accepts(sizes.functions_are_short,
                     {"src/io/a.cpp": "namespace {\nstruct S {\n" + "int a;\n" * 100 + "};\n}\n"})


class Banned(RuleTest):
    def test_each_ban(self):
        for sample in BANNED_SAMPLES:
            with self.subTest(sample):
                self.rejects(banned.no_banned_calls, {"src/codec/a.cpp": f"\n{sample}\n"}, "a.cpp:2:")

    def test_every_ban_has_a_sample(self):
        for ban in banned.BANS:
            with self.subTest(ban.pattern):
                self.assertTrue(any(re.search(ban.pattern, sample) for sample in BANNED_SAMPLES))

    def test_what_only_looks_banned(self):
        harmless = ['log("throw printf(x)");', "// std::thread t(f);", "std::this_thread::yield();",
                    "clock.time(nullptr);", "std::snprintf(a, b, c);", "disk.system(x);", "operand(x);",
                    "std::filesystem::exists(p, ec);", "static_assert(x);", "std::thread::id i;",
                    "char c = '\"'; int rethrown = 1'000;", "cipher.rand_bytes(x);", "runtime(0);"]
        for sample in harmless:
            with self.subTest(sample):
                self.accepts(banned.no_banned_calls, {"src/codec/a.cpp": sample})

    def test_places_that_may(self):
        self.accepts(banned.no_banned_calls,
                     {"src/io/a.cpp": "std::thread t(f);", "src/io/tests/a_test.cpp": "throw 1;"})
        self.accepts(banned.no_banned_calls,
                     {"src/codec/a.cpp": "// tidy: allow(banned): a library's callback wants it\nthrow 1;\n"})
        self.rejects(banned.no_banned_calls, {"src/codec/a.cpp": "// tidy: allow(banned):\nthrow 1;\n"},
                     "throw")

    def test_names(self):
        self.accepts(banned.names_say_something, {"src/io/communication.cpp": "", "src/io/pack.cpp": ""})
        self.rejects(banned.names_say_something,
                     {"src/io/pack_manager.cpp": "", "src/io/util.hpp": "", "src/io/common_test.cpp": ""},
                     "common_test", "pack_manager", "util")

    def test_bool_parameters(self):
        self.accepts(banned.no_bool_parameters,
                     {"src/io/include/io/a.hpp": "bool f(int a);\nbool ok() const;\nusing F = int;\n"})
        hidden = "class A {\n private:\n  struct B {\n  };\n  void f(bool x);\n};\n"
        self.accepts(banned.no_bool_parameters, {"src/io/include/io/a.hpp": hidden})
        self.rejects(banned.no_bool_parameters,
                     {"src/io/include/io/a.hpp": hidden + "void g(bool x);\n"}, "a.hpp:7:")
        self.rejects(banned.no_bool_parameters,
                     {"src/io/include/io/a.hpp": "void f(int a);\nvoid g(int a,\n  bool deep);\n"},
                     "a.hpp:2: a public function takes no bool")


class Places(RuleTest):
    def test_sources_are_built(self):
        self.accepts(places.sources_are_built,
                     {"src/io/a.cpp": "", "src/io/tests/a_test.cpp": "", "tests/simulation/b.cpp": ""})
        self.rejects(places.sources_are_built,
                     {"src/ghost/a.cpp": "", "src/io/a_test.cpp": "", "tests/other/b.cpp": ""},
                     "src/ghost/a.cpp", "src/io/a_test.cpp", "tests/other/b.cpp")

    def test_headers_are_included(self):
        self.accepts(places.headers_are_included,
                     {"src/io/include/io/a.hpp": "", "src/io/a.cpp": '#include "io/a.hpp"\n'})
        self.rejects(places.headers_are_included,
                     {"src/io/include/io/a.hpp": "", "src/io/a.cpp": '#include "wire/a.hpp"\n'},
                     "src/io/include/io/a.hpp")

    def test_headers_have_tests(self):
        header = {"src/io/include/io/a.hpp": ""}
        self.accepts(places.headers_have_tests, header | {"src/io/tests/a_fuzz_test.cpp": ""})
        self.accepts(places.headers_have_tests,
                     header | {places.UNTESTED: "# why\nsrc/io/include/io/a.hpp: an enum\n"})
        self.rejects(places.headers_have_tests, header | {"src/wire/tests/a_test.cpp": ""},
                     "needs src/io/tests/a_test.cpp")
        self.rejects(places.headers_have_tests,
                     header | {places.UNTESTED: "src/io/include/io/a.hpp: \n"}, "needs")
        self.rejects(places.headers_have_tests,
                     header | {"src/io/tests/a_test.cpp": "",
                               places.UNTESTED: "src/io/include/io/a.hpp: no\nsrc/gone.hpp: no\n"},
                     "has a test by now", "does not exist")

    def test_readmes(self):
        files = {f"src/{layer}/README.md": "" for layer in ("base", "io", "wire", "codec")}
        self.rejects(places.layers_have_readmes, files, "src/storage")


class Documents(RuleTest):
    def test_comments(self):
        files = {"docs/internals/format.md": "", "src/io/a.cpp": "// format.md and docs/internals/format.md\n"}
        self.accepts(documents.comments_name_documents, files)
        self.accepts(documents.comments_name_documents, {"src/io/a.cpp": 'f("gone.md");  // x\n'})
        self.rejects(documents.comments_name_documents,
                     files | {"src/io/b.cpp": "\nint a;  // see docs/gone.md and GONE.md\n"},
                     "b.cpp:2: docs/gone.md", "b.cpp:2: GONE.md")

    def test_links(self):
        self.accepts(documents.links_lead_somewhere,
                     {"README.md": "[a](docs/b.md#c) [d](https://e) [f](#g) `[h](i)`\n",
                      "docs/b.md": "[a](../README.md)\n```\n[x](y)\n```\n"})
        self.rejects(documents.links_lead_somewhere, {"docs/b.md": "\n[a](README.md)\n"},
                     "docs/b.md:2: the link to README.md leads nowhere")


class Reading(unittest.TestCase):
    def test_blanking_keeps_lines_and_columns(self):
        text = 'a("x//y"); // c\nb(R"(\n"q)"); c(\'"\'); /* d\n */ e(1\'000);\n'
        blanked = blank_comments_and_literals(text)
        self.assertEqual(len(blanked), len(text))
        self.assertEqual([line.split() for line in blanked.splitlines()],
                         [["a(", ");"], ["b("], [");", "c(", ");"], ["e(1'000);"]])


if __name__ == "__main__":
    unittest.main()
