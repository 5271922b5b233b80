"""What does it write? The one decode loop, on the forward pass of any causal language model."""

from collections.abc import Sequence
from dataclasses import dataclass

from .data import encode

DROP_EVERY = 8  # decoding steps between two looks for rows that are finished


@dataclass(frozen=True)
class Rollout:
    """Completions of prompts, prompt by prompt, the samples of one prompt side by side.

    prompt_ids       token ids of each row's prompt
    completion_ids   token ids written, the end token included where it came
    token_logprobs   nats, one a written token, under the distribution at temperature 1
    finished         whether a row ended by itself; False means that it was cut
    texts            the completions as text, special tokens left out
    """

    prompt_ids: list[list[int]]
    completion_ids: list[list[int]]
    token_logprobs: list[list[float]]
    finished: list[bool]
    texts: list[str]


def generate(
    model,
    tokenizer,
    prompts: Sequence[str | list[dict]],
    samples: int = 1,
    temperature: float = 0.0,
    max_new_tokens: int = 32,
    seed: int = 0,
    stop: str | None = None,
) -> Rollout:
    """Lets a model go on from prompts.

    prompts         texts (the beginning of a document) or lists of chat messages
    samples         completions a prompt
    temperature     0 takes the likeliest token; above 0 samples, by a generator of its own: global chance is untouched
    max_new_tokens  tokens written at most; fewer where the model's context is full
    stop            a row also ends when its text holds this string
    returns         a Rollout of len(prompts) * samples rows
    raises          ValueError if there is no prompt, a prompt leaves no room in the context, or the model only reads
    """
    import torch

    if not prompts:
        raise ValueError("there is no prompt; give at least one")
    if not model.can_generate():
        raise ValueError("this model reads and does not write; let it guess or label instead")
    rows = [encode(tokenizer, prompt) for prompt in prompts]
    longest = max(map(len, rows))
    room = getattr(model.config, "max_position_embeddings", None) or 10**9
    if longest >= room:
        raise ValueError(f"a prompt has {longest} tokens and the model's context {room}; shorten the prompt")
    training = model.training
    model.eval()
    with torch.no_grad():
        kind = _Translator if model.config.is_encoder_decoder else _Writer
        writer = kind(model, tokenizer, rows, samples, temperature, seed, stop)
        writer.write(min(max_new_tokens, room - longest))
    model.train(training)
    texts = [tokenizer.decode(ids, skip_special_tokens=True) for ids in writer.ids]
    return Rollout([row for row in rows for _ in range(samples)], writer.ids, writer.logprobs, writer.finished, texts)


class _Writer:
    """The state of one call: what was written so far, and the cache of the rows that still go on."""

    def __init__(self, model, tokenizer, rows, samples, temperature, seed, stop):
        import torch

        self.model, self.tokenizer, self.temperature, self.stop = model, tokenizer, temperature, stop
        self.ends = _end_ids(model, tokenizer)
        self.chance = torch.Generator(device=model.device).manual_seed(seed)
        count = len(rows) * samples
        self.ids, self.logprobs = [[] for _ in range(count)], [[] for _ in range(count)]
        self.finished = [False] * count
        self.live = list(range(count))
        self._read(rows, samples)

    def _read(self, rows, samples):
        """Reads every prompt once, padded on the left, then spreads its cache over its samples."""
        import torch
        from transformers import DynamicCache

        longest = max(map(len, rows))
        pad = self.tokenizer.pad_token_id or 0
        ids = torch.tensor([[pad] * (longest - len(row)) + row for row in rows], device=self.model.device)
        lengths = torch.tensor([len(row) for row in rows], device=self.model.device)
        self.mask = (torch.arange(longest, device=ids.device) >= longest - lengths[:, None]).long()  # (B, T)
        positions = (self.mask.cumsum(1) - 1).clamp(min=0)
        self.cache = DynamicCache(config=self.model.config)
        out = self.model(
            input_ids=ids, attention_mask=self.mask, position_ids=positions, past_key_values=self.cache, use_cache=True
        )
        self.logits = out.logits[:, -1].float().repeat_interleave(samples, 0)  # (B, V)
        self.cache.batch_repeat_interleave(samples)
        self.mask = self.mask.repeat_interleave(samples, 0)
        self.lengths = lengths.repeat_interleave(samples)

    def write(self, max_new_tokens: int):
        for step in range(1, max_new_tokens + 1):
            token = self._choose()
            self._note(token)
            if all(self.finished[row] for row in self.live) or step == max_new_tokens:
                return
            if step % DROP_EVERY == 0:
                token = self._drop(token)
            self._forward(token)

    def _choose(self):
        import torch

        logprobs = self.logits.log_softmax(-1)
        if self.temperature > 0:
            token = torch.multinomial((self.logits / self.temperature).softmax(-1), 1, generator=self.chance)[:, 0]
        else:
            token = self.logits.argmax(-1)
        self.chosen = logprobs.gather(1, token[:, None])[:, 0].tolist()
        return token

    def _note(self, token):
        for row, new, logprob in zip(self.live, token.tolist(), self.chosen, strict=True):
            if self.finished[row]:
                continue
            self.ids[row].append(new)
            self.logprobs[row].append(logprob)
            stopped = self.stop is not None and self.stop in self.tokenizer.decode(self.ids[row][-8:])
            self.finished[row] = new in self.ends or stopped

    def _drop(self, token):
        import torch

        keep = [place for place, row in enumerate(self.live) if not self.finished[row]]
        self.live = [self.live[place] for place in keep]
        index = torch.tensor(keep, device=token.device)
        self.cache.batch_select_indices(index)
        self.mask, self.lengths = self.mask[index], self.lengths[index]
        return token[index]

    def _forward(self, token):
        import torch

        self.mask = torch.cat([self.mask, self.mask.new_ones(len(token), 1)], 1)
        out = self.model(
            input_ids=token[:, None],
            attention_mask=self.mask,
            position_ids=self.lengths[:, None],
            past_key_values=self.cache,
            use_cache=True,
        )
        self.lengths = self.lengths + 1
        self.logits = out.logits[:, -1].float()


class _Translator(_Writer):
    """The same for a model with an encoder, which reads the prompt from both sides; the decoder begins with nothing."""

    def _read(self, rows, samples):
        import torch
        from transformers import DynamicCache, EncoderDecoderCache

        longest = max(map(len, rows))
        pad, device = self.tokenizer.pad_token_id or 0, self.model.device
        ids = torch.tensor([row + [pad] * (longest - len(row)) for row in rows], device=device)
        self.lengths = torch.tensor([len(row) for row in rows], device=device).repeat_interleave(samples)
        mask = (torch.arange(longest, device=device) < self.lengths[::samples, None]).long()  # (B, T)
        states = self.model.get_encoder()(input_ids=ids, attention_mask=mask).last_hidden_state  # (B, T, D)
        self.states, self.mask = states.repeat_interleave(samples, 0), mask.repeat_interleave(samples, 0)
        self.cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
        self._forward(self.lengths.new_full(self.lengths.shape, self.model.config.decoder_start_token_id))

    def _drop(self, token):
        keep = [place for place, row in enumerate(self.live) if not self.finished[row]]
        self.states = self.states[keep]
        return super()._drop(token)

    def _forward(self, token):
        from transformers.modeling_outputs import BaseModelOutput

        out = self.model(
            encoder_outputs=BaseModelOutput(self.states),
            attention_mask=self.mask,
            decoder_input_ids=token[:, None],
            past_key_values=self.cache,
            use_cache=True,
        )
        self.logits = out.logits[:, -1].float()


def _end_ids(model, tokenizer) -> set[int]:
    configured = getattr(model.generation_config, "eos_token_id", None)
    configured = configured if isinstance(configured, list) else [configured]
    return {end for end in (*configured, tokenizer.eos_token_id) if end is not None}
