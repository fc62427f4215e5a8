"""A format to read and a format to write, each in one file that a test puts into its package."""

NEW_READER = '''
"""Read lists of papers with a bar between title and abstract."""

from rag.papers import Paper, title_id
from rag.sources.base import Confidence, Reader, Rejection


def sniff(head):
    return Confidence.SIGNATURE if head.text.startswith("LIST OF PAPERS") else Confidence.NO


def read(document):
    source, name = document.source, document.name
    for number, line in enumerate(document.lines(), start=1):
        title, bar, abstract = line.decode().strip().partition("|")
        if bar:
            yield Paper(id=title_id(title), title=title, abstract=abstract, sources=(name,))
        elif number > 1:
            yield Rejection(source, f"line {number}", "no bar")


READER = Reader(
    name="bars", label="lists with bars", suffixes=(".bars",), sniff=sniff, read=read
)
'''

NEW_EXPORTER = '''
"""Write the titles of papers, or the questions of a conversation, and nothing else."""

from rag.export.base import AnswerFormat, ConversationFormat, PaperFormat


def lines(texts):
    return "".join(f"{text}\\n" for text in texts)


PAPERS = PaperFormat(
    name="titles",
    label="Titles only",
    suffixes=(".titles",),
    media_type="text/plain",
    write=lambda papers: lines(paper.title for paper in papers),
)
ANSWER = AnswerFormat(
    name="question",
    label="Question only",
    suffixes=(".question.txt",),
    media_type="text/plain",
    write=lambda answer: lines([answer.question]),
)
CONVERSATION = ConversationFormat(
    name="questions",
    label="Questions only",
    suffixes=(".questions.txt",),
    media_type="text/plain",
    write=lambda answers: lines(answer.question for answer in answers),
)
'''
