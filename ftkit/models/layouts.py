"""What shapes are there? Random weights take one of these."""

from dataclasses import dataclass

from ..records import check_knobs, knob

HEAD = 64  # width of an attention head: on a CPU the fastest


@dataclass(frozen=True)
class Layout:
    """The shape of a model with random weights: here a Llama, which goes on from a text."""

    kind = "layout"  # the word for it in a recipe
    title = "Llama"
    architecture = "LlamaForCausalLM"  # the library's class
    door = "AutoModelForCausalLM"  # and what opens it
    closing = ("o_proj.weight", "down_proj.weight")  # matrices with which a block adds to the stream
    spread = 0.02  # deviation of the random embedding

    width: int = knob(192, 64, 512, unit="", help="numbers that describe each token; a multiple of 64")
    layers: int = knob(6, 1, 12, help="blocks that a token passes")
    heads: int = knob(0, 0, 32, help="attention heads; 0 means one for each 64 of the width")
    feed_forward: int = knob(0, 0, 4096, help="width inside a block; 0 means 8/3 of the width, in whole 64s")
    context: int = knob(256, 32, 4096, unit="tokens", help="longest text that it can read")

    def __post_init__(self):
        check_knobs(self)
        heads = self._heads()
        if self.width % (2 * heads):
            raise ValueError(
                f"width is {self.width} with {heads} heads; choose a width that is a multiple of {2 * heads}"
            )

    def config(self, tokenizer):
        """The transformers config; a new object each time, because trainers write into it."""
        from transformers import LlamaConfig

        return LlamaConfig(**self._shape(tokenizer))

    def _shape(self, tokenizer) -> dict:
        return {
            "vocab_size": len(tokenizer),
            "hidden_size": self.width,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self._heads(),
            "num_key_value_heads": self._heads(),
            "intermediate_size": self._inside(),
            "max_position_embeddings": self.context,
            "tie_word_embeddings": True,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
            "initializer_range": 0.02,
            "rms_norm_eps": 1e-6,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        }

    def _heads(self) -> int:
        return self.heads or max(1, self.width // HEAD)

    def _inside(self) -> int:
        return self.feed_forward or max(HEAD, self.width * 8 // 3 // HEAD * HEAD)


@dataclass(frozen=True)
class EuroBertLayout(Layout):
    """
    The shape of a EuroBERT with random weights: an encoder, which is a Llama whose every token sees both sides.

    source  Boizard et al. 2025, arXiv:2503.05500
    """

    kind = "eurobert"
    title = "EuroBERT"
    architecture = "EuroBertForMaskedLM"
    door = "AutoModelForMaskedLM"

    def config(self, tokenizer):
        from transformers import EuroBertConfig

        return EuroBertConfig(
            **self._shape(tokenizer),
            mask_token_id=tokenizer.mask_token_id,
            classifier_pooling="mean",  # no token stands for the whole text before a head is taught
        )


@dataclass(frozen=True)
class T5GemmaLayout(Layout):
    """
    The shape of a T5Gemma with random weights: an encoder reads a text, a decoder writes another.

    Its positions are rotations; the biases that T5 learns for distances took longer to learn, as CHANGELOG tells.

    differs  no block looks through a window only, and no logit is capped; both are for texts and models of other sizes
    source   Zhang et al. 2025, arXiv:2504.06225
    """

    kind = "t5gemma"
    title = "T5Gemma"
    architecture = "T5GemmaForConditionalGeneration"
    door = "AutoModelForSeq2SeqLM"

    layers: int = knob(4, 1, 12, help="blocks of the encoder, and as many of the decoder")

    def config(self, tokenizer):
        from transformers import T5GemmaConfig

        half = {
            "vocab_size": len(tokenizer),
            "hidden_size": self.width,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self._heads(),
            "num_key_value_heads": self._heads(),
            "head_dim": self.width // self._heads(),
            "query_pre_attn_scalar": self.width // self._heads(),
            "intermediate_size": self._inside(),
            "max_position_embeddings": self.context,
            "layer_types": ["full_attention"] * self.layers,
            "attn_logit_softcapping": None,
            "final_logit_softcapping": None,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        }
        return T5GemmaConfig(
            encoder=half,
            decoder=half,
            vocab_size=len(tokenizer),
            max_position_embeddings=self.context,
            decoder_start_token_id=tokenizer.bos_token_id,  # padding would be masked where it stands first
        )


KINDS = (Layout, EuroBertLayout, T5GemmaLayout)
LAYOUTS = {
    "nano": Layout(width=128, layers=4, heads=2, feed_forward=256),
    "small": Layout(width=192, layers=6, heads=3, feed_forward=512),
    "stranger": Layout(width=192, layers=6, heads=3, feed_forward=512),
    "large": Layout(width=192, layers=12, heads=3, feed_forward=512),
    "encoder": EuroBertLayout(width=192, layers=6, heads=3, feed_forward=512),
    "seq2seq": T5GemmaLayout(width=192, layers=4, heads=3, feed_forward=512),
}
