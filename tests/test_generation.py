"""The decode loop writes what the library's own would, and keeps its chance to itself."""

import pytest
import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from ftkit.generation import encode, generate

PROMPTS = ["The home of Tamu Oresby is", "12 + 30 =", "Tamu has 5 figs. Tamu finds 3 figs. Now", ""]


@pytest.fixture(scope="module")
def speaker():
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=1024, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=64, bos_token_id=1, eos_token_id=1, pad_token_id=0, initializer_range=0.3,
        attn_implementation="eager",
    )  # fmt: skip
    return LlamaForCausalLM(config).eval(), AutoTokenizer.from_pretrained("data/tokenizer")


def test_greedy_tokens_equal_those_of_the_library(speaker):
    model, tokenizer = speaker
    ours = generate(model, tokenizer, PROMPTS, max_new_tokens=20)
    for prompt, written in zip(PROMPTS, ours.completion_ids, strict=True):
        ids = torch.tensor([encode(tokenizer, prompt)])
        theirs = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=20, do_sample=False)
        assert written == theirs[0, ids.shape[1] :].tolist()


def test_token_logprobs_are_those_of_one_forward_pass(speaker):
    model, tokenizer = speaker
    rollout = generate(model, tokenizer, PROMPTS[:2], samples=3, temperature=1.5, max_new_tokens=15, seed=4)
    assert len(rollout.texts) == 6 and rollout.prompt_ids[0] == rollout.prompt_ids[2] != rollout.prompt_ids[3]
    for prompt, written, logprobs in zip(
        rollout.prompt_ids, rollout.completion_ids, rollout.token_logprobs, strict=True
    ):
        row = torch.tensor([prompt + written])
        with torch.no_grad():
            all_logprobs = model(row).logits.log_softmax(-1)[0]
        expected = [all_logprobs[len(prompt) - 1 + i, token].item() for i, token in enumerate(written)]
        assert logprobs == pytest.approx(expected, abs=1e-4)


def test_rows_that_end_early_do_not_disturb_the_others(speaker):
    model, tokenizer = speaker
    stop = " " if tokenizer.decode(generate(model, tokenizer, PROMPTS[:1], max_new_tokens=1).completion_ids[0]) else "x"
    together = generate(model, tokenizer, PROMPTS, max_new_tokens=30, stop=stop)
    alone = [generate(model, tokenizer, [prompt], max_new_tokens=30, stop=stop) for prompt in PROMPTS]
    assert together.completion_ids == [one.completion_ids[0] for one in alone]
    assert together.finished == [one.finished[0] for one in alone]
    assert all(len(ids) < 30 for ids, done in zip(together.completion_ids, together.finished, strict=True) if done)


def test_sampling_is_seeded_and_leaves_global_chance_alone(speaker):
    model, tokenizer = speaker
    torch.manual_seed(7)
    untouched = torch.rand(3)
    torch.manual_seed(7)
    one = generate(model, tokenizer, PROMPTS, temperature=1.0, seed=1)
    assert torch.equal(torch.rand(3), untouched)
    assert one == generate(model, tokenizer, PROMPTS, temperature=1.0, seed=1)
    assert one != generate(model, tokenizer, PROMPTS, temperature=1.0, seed=2)


def test_generate_leaves_training_mode_as_it_was(speaker):
    model, tokenizer = speaker
    model.train()
    generate(model, tokenizer, PROMPTS[:1], max_new_tokens=2)
    assert model.training
    model.eval()


def test_the_context_is_never_overrun(speaker):
    model, tokenizer = speaker
    rollout = generate(model, tokenizer, ["figs " * 50], max_new_tokens=500)
    assert len(rollout.prompt_ids[0]) + len(rollout.completion_ids[0]) <= 64
    with pytest.raises(ValueError, match="a prompt has 102 tokens and the model's context 64; shorten the prompt"):
        generate(model, tokenizer, ["figs " * 100])
    with pytest.raises(ValueError, match="there is no prompt"):
        generate(model, tokenizer, [])


def test_messages_go_through_the_chat_template(speaker):
    _, tokenizer = speaker
    ids = encode(tokenizer, [{"role": "user", "content": "Where does Tamu Oresby live?"}])
    assert tokenizer.decode(ids) == "<|user|> Where does Tamu Oresby live?<|assistant|>"
    assert encode(tokenizer, "Tamu")[0] == encode(tokenizer, "")[0] == tokenizer.bos_token_id
