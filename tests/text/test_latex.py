"""Text as LaTeX."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pylatexenc.latex2text import LatexNodes2Text

from rag.text.latex import (
    field_to_text,
    latex_to_text,
    prose_to_latex,
    text_to_latex,
    title_to_latex,
)


@pytest.mark.parametrize(
    ("title", "latex"),
    [
        ("Attention Is All You Need", "Attention Is All You Need"),
        ("BERT and GPT-4 beat T5 at 3D U-Net", "{BERT} and {GPT-4} beat {T5} at {3D} {U-Net}"),
        ("Pre-Training a Model", "Pre-Training a Model"),
        ("Costs of $O(n^2)$ and $\\alpha$-nets", "Costs of {$O(n^2)$} and {$\\alpha$}-nets"),
        ("From \\(k\\) to $x_{i}$", "From {\\(k\\)} to {$x_{i}$}"),
        ("For $5 and $10 at 50%", "For \\$5 and \\$10 at 50\\%"),
        ("An open $x{$ brace", "An open \\$x{\\textbraceleft}\\$ brace"),
        ("A closing $x}{$ brace", "A closing \\$x{\\textbraceright}{\\textbraceleft}\\$ brace"),
        ("$50\\%$ or $50%$ of $a & b$", "{$50\\%$} or {$50\\%$} of {$a \\& b$}"),
        ("A & B_c #1 ~x^2 \\cmd <y>", None),
        ("``Quoted'' text", "``Quoted'' text"),
        ("Zoë naïve 変換", 'Zo{\\"e} na{\\"\\i}ve 変換'),
    ],
)
def test_titles(title, latex):
    written = title_to_latex(title)

    assert latex is None or written == latex
    assert written.count("{") == written.count("}")


def test_special_characters_are_spelled_out():
    assert text_to_latex("A & B_c #1 ~x^2 \\cmd <y> {z |") == (
        "A \\& B\\_c \\#1 {\\textasciitilde}x{\\textasciicircum}2 {\\textbackslash}cmd"
        " {\\textless}y{\\textgreater} {\\textbraceleft}z {\\textbar}"
    )


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        ("{BERT}-like", "BERT-like"),
        ("{{Double {B}races}}", "Double Braces"),
        (r"Mu{\~n}oz, {\O}stby, \v{S}\'{\i}ma, na{\"{\i}}ve", "Muñoz, Østby, Šíma, naïve"),
        (r"50\% \& \#1 \$5 a\_b \{x\}", "50% & #1 $5 a_b {x}"),
        (r"$50\%$ of {$x_{i}$}", r"$50\%$ of $x_{i}$"),
        (r"{\textless}b \textbf{x \emph{y}} \unknown{z} {\textbackslash}w", r"<b x y z \w"),
        (r"\beta{} and \leq x, \copyright{} 2020", "β and ≤ x, © 2020"),
        (r"Fig.~3 at ~5 km, 10\,000 hy\-phens\\[2pt]here", "Fig. 3 at ~5 km, 10 000 hyphens here"),
        (r"\NewModel does", r"\NewModel does"),
        (r"\begin{itemize}\item one\end{itemize}", "   one "),
        (r"28% of all; A&B # 1", "28% of all; A&B # 1"),
        ("plain -- ``so''", "plain -- ``so''"),
        ("never {closed", "never closed"),
        ("x\\", "x\\"),
    ],
)
def test_values_of_bibtex_as_text(latex, text):
    assert field_to_text(latex) == text


WRITABLE = st.characters(exclude_categories=["Cc", "Cs", "Co", "Cn"])


@given(st.text(WRITABLE, max_size=40))
def test_what_is_written_as_latex_reads_back(text):
    assert field_to_text(text_to_latex(text)) == unicodedata.normalize("NFC", text)


@given(st.lists(st.sampled_from(["$x^{2}$", "$\\alpha$", "cost ", "a_b ", "5% ", "é ", " "])))
def test_prose_reads_back_with_its_formulas(parts):
    text = "".join(parts)
    assert field_to_text(prose_to_latex(text)) == text


def balanced(latex):
    depth = 0
    for char in latex:
        depth += (char == "{") - (char == "}")
        if depth < 0:
            return False
    return depth == 0


PARTS = st.sampled_from([*"{}$\\%&#_~^ ", "$x$", "$\\{$", "BERT", "é", "変", "\\(", "\\)", "1"])


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.lists(PARTS, max_size=15).map("".join))
def test_braces_always_balance(title):
    assert balanced(title_to_latex(title))
    assert balanced(text_to_latex(title))


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.lists(st.sampled_from([*"$%&#_éßłñ変aB-,", " w "]), max_size=15).map("".join))
def test_escaped_text_decodes_to_itself(text):
    text = " ".join(text.split())

    assert LatexNodes2Text().latex_to_text(text_to_latex(text)) == text


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        ('Schr{\\"o}dinger and Poincar\\\'{e}, G\\"odel', "Schrödinger and Poincaré, Gödel"),
        ("\\v{S}koda, Erd\\H{o}s, {\\v{c}}, \\c{s}", "Škoda, Erdős, č, ş"),
        (
            "Fran\\c cois, S\\o rensen, S{\\o}rensen, \\O{}stby",
            "François, Sørensen, Sørensen, Østby",
        ),
        ("{\\'\\i}ndice and na\\\"{\\i}ve", "índice and naïve"),
        ("\\emph{92.9\\%} of \\textbf{a \\textit{b}} and {\\em c}", "92.9% of a b and c"),
        (
            "R\\&D of \\#1 in a\\_b at \\url{https://example.org}",
            "R&D of #1 in a_b at https://example.org",
        ),
        ("$\\'e$ and $5\\%$", "$\\'e$ and $5\\%$"),
        (
            "it\\'s what they don\\'t call \\\"urgent\\\" here",
            "it's what they don't call \\\"urgent\\\" here",
        ),
        (
            "{braces} cost \\$5, see \\cite{x} and C:\\users",
            "{braces} cost \\$5, see \\cite{x} and C:\\users",
        ),
    ],
)
def test_latex_is_read_as_text(latex, text):
    assert latex_to_text(latex) == text
    assert latex_to_text(text) == text


LETTERS = st.characters(codec="latin-1", categories=["Lu", "Ll", "Nd"], exclude_characters="\u00b5")


@given(st.text(LETTERS, max_size=30))
def test_accents_are_written_and_read_back(text):
    assert latex_to_text(text_to_latex(text)).replace("{", "").replace("}", "") == text


@pytest.mark.parametrize(
    "command",
    [
        r"\input{/etc/passwd}",
        r"\write18{ls}",
        r"\immediate\openout1",
        r"\csname input\endcsname",
        r"\def\x{\x\x}\x",
        r"\catcode`\%=12",
        "^^5cinput x",
        r"\begin{filecontents}{x}\end{filecontents}",
    ],
)
def test_a_formula_that_would_do_more_than_be_typeset_is_text(command):
    for written in (
        title_to_latex(f"On ${command}$ in \\({command}\\)"),
        prose_to_latex(f"${command}$"),
    ):
        assert command.split("{")[0] not in written
    kept = r"$\left[\begin{cases}x & \delta\end{cases}\right]$"
    assert r"\left[\begin{cases}" in prose_to_latex(f"We have {kept}.")
