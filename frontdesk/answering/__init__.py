"""Answering: question, evidence, gate, generation, grounding check, citations."""

from frontdesk.answering.answer import Answer, Citation, Decision
from frontdesk.answering.answerer import Answerer
from frontdesk.answering.opening import open_answerer

__all__ = ["Answer", "Answerer", "Citation", "Decision", "open_answerer"]
