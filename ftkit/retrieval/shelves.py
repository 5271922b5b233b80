"""Where does it stand? Three ways to search a shelf: by words, by the model's own states, and by knowing."""

import math
import re
from collections.abc import Sequence

from ..data import encode
from ..evaluation import BATCH, Measurement, share
from ..world.facts import QUESTIONS, Facts
from .letters import Document

K1, B = 1.5, 0.75  # the library's; Robertson and Zaragoza recommend 1.2 to 2 and 0.5 to 0.8


def bm25(counts, length, mean_length, containing, documents, k1=K1, b=B):
    """
    How well a text fits a question, by the words that both have.

    score = sum over words of log(1 + (N - n + 1/2) / (n + 1/2)) * f / (f + k1 (1 - b + b length / mean_length))

    counts       list  f: how often each word of the question occurs in the text
    length       words in the text
    mean_length  words in a text, on average
    containing   list  n: how many texts hold each word of the question
    documents    N: how many texts there are
    k1           larger: the tenth occurrence of a word still counts; 0: only whether it occurs
    b            1: a text twice as long needs twice the occurrences; 0: length is of no concern
    returns      0 if no word is shared
    differs      1 + ... within the logarithm, as in Lucene, so that no word counts against a text
    source       Robertson and Zaragoza 2009, doi:10.1561/1500000019, section 3.4
    """
    score = 0.0
    for f, n in zip(counts, containing, strict=True):
        rarity = math.log(1 + (documents - n + 0.5) / (n + 0.5))
        score += rarity * f / (f + k1 * (1 - b + b * length / mean_length))
    return score


class Shelf:
    """Documents that can be searched; a kind of shelf says how well each of them fits a question (`scores`).

    raises  ValueError if there is no document
    """

    def __init__(self, documents: Sequence[Document]):
        if not documents:
            raise ValueError("there is no document on this shelf; give at least one")
        self.documents = tuple(documents)
        self.place = {document: i for i, document in enumerate(self.documents)}

    def scores(self, question: str) -> Sequence[float]:
        """One number a document; larger fits better."""
        raise NotImplementedError

    def search(self, question: str, k: int = 1) -> list[tuple[Document, float]]:
        """The k documents that fit best, the best first; of equals the one that stands first."""
        if k < 1:
            raise ValueError(f"{k} documents were asked for; choose 1 or more")
        scores = [float(score) for score in self.scores(question)]
        best = sorted(range(len(scores)), key=lambda i: (-scores[i], i))[:k]
        return [(self.documents[i], scores[i]) for i in best]


class BM25(Shelf):
    """Search by words, each weighed by how rare it is (`bm25`); the index is the library bm25s."""

    def __init__(self, documents: Sequence[Document]):
        import bm25s

        super().__init__(documents)
        self.index = bm25s.BM25(k1=K1, b=B, method="lucene")
        self.index.index([words(document.text) for document in self.documents], show_progress=False)

    def scores(self, question: str) -> Sequence[float]:
        known = [word for word in words(question) if word in self.index.vocab_dict]
        return self.index.get_scores(known).tolist() if known else [0.0] * len(self.documents)


class Dense(Shelf):
    """Search by meaning, as far as the model itself has one: cosine between its mean states on question and document.

    layer    which states: 0 is the embedding, -1 what comes out of the last block
    differs  nobody has trained these states for searching, as dense retrievers are (Karpukhin et al. 2020,
             arXiv:2004.04906)
    """

    def __init__(self, documents: Sequence[Document], model, tokenizer, layer: int = -1):
        super().__init__(documents)
        self.model, self.tokenizer, self.layer = model, tokenizer, layer
        self.vectors = self._directions([document.text for document in self.documents])  # (N, D)

    def scores(self, question: str) -> Sequence[float]:
        return (self.vectors @ self._directions([question])[0]).tolist()

    def _directions(self, texts: Sequence[str]):
        """(N, D) mean states of length 1"""
        states = mean_states(self.model, self.tokenizer, texts, self.layer)
        return states / states.norm(dim=-1, keepdim=True).clamp(min=1e-9)


class Oracle(Shelf):
    """Search that is never wrong, as a bound: the right document among the k with which it stands in one bundle."""

    def search(self, question: str, k: int = 1) -> list[tuple[Document, float]]:
        person, attribute = about(question)
        right = next((i for i, document in enumerate(self.documents) if document.tells(person, attribute)), None)
        if right is None:
            raise ValueError(f"no document here tells the {attribute} of {person}")
        start = right // k * k
        bundle = self.documents[start : start + k]
        return sorted(((one, float(start + i == right)) for i, one in enumerate(bundle)), key=lambda pair: -pair[1])


def words(text: str) -> list[str]:
    """The words of a text in small letters, without signs."""
    return re.findall(r"\w+", text.lower())


def about(question: str) -> tuple[str, str]:
    """(person, attribute) of a question of the task `facts`. raises ValueError if it is none"""
    for attribute, forms in QUESTIONS.items():
        for found in filter(None, (form.match(question) for form in forms)):
            return found["name"], attribute
    raise ValueError(f"{question!r} is no question about one thing of one person")


def mean_states(model, tokenizer, texts: Sequence[str], layer: int = -1):
    """(N, D) what a model's states are on average over the tokens of each text, float32."""
    import torch

    found = []
    for start in range(0, len(texts), BATCH):
        rows = [encode(tokenizer, text) for text in texts[start : start + BATCH]]
        longest, pad = max(map(len, rows)), tokenizer.pad_token_id or 0
        ids = torch.tensor([row + [pad] * (longest - len(row)) for row in rows], device=model.device)
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=model.device)
        with torch.no_grad():
            out = model.base_model(input_ids=ids, attention_mask=mask, output_hidden_states=True, use_cache=False)
        states = out.hidden_states[layer].float() * mask[..., None]  # (B, T, D)
        found.append((states.sum(1) / mask.sum(1, keepdim=True)).cpu())
    return torch.cat(found)


def finds(shelf: Shelf, task: Facts, split: str, k: int = 1, n: int = 200, first: int = 0) -> list[bool]:
    """Whether the answer stands in one of the k documents that are found, for each of n questions from `first` on."""
    found = []
    for example in (task.sample(split, i) for i in range(first, first + n)):
        told = example.meta["person"], example.meta["attribute"]
        found.append(any(document.tells(*told) for document, _ in shelf.search(example.prompt, k)))
    return found


def recall_at(shelf: Shelf, task: Facts, split: str, k: int = 1, n: int = 200, first: int = 0) -> Measurement:
    """Recall@k: the share of questions whose answer stands in one of the k documents that are found."""
    return share(finds(shelf, task, split, k, n, first))
