"""The peer in nanoGPT's manner: a Llama in plain modules and a bare loop, in float32 as nanoGPT trains on a CPU.

The Llama instead of its GPT-2, so that it begins with the very same weights and must show the very same losses.
differs  no evaluation, no logging, no gradient accumulation; hyperparameters are those of the other arms
source   github.com/karpathy/nanoGPT, model.py and train.py
"""

import torch
from torch import nn
from torch.nn import functional as F

from ftkit.recipe import learning_rate_factor


class Norm(nn.Module):
    def __init__(self, width: int, epsilon: float):
        super().__init__()
        self.weight, self.epsilon = nn.Parameter(torch.ones(width)), epsilon

    def forward(self, x):
        return F.rms_norm(x, self.weight.shape, self.weight, self.epsilon)


class Attention(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.c_attn, self.c_proj = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)

    def forward(self, x, cos, sin):
        B, T, D = x.shape
        q, k, v = (part.view(B, T, self.heads, -1).transpose(1, 2) for part in self.c_attn(x).split(D, 2))
        y = F.scaled_dot_product_attention(_turn(q, cos, sin), _turn(k, cos, sin), v, is_causal=True)
        return self.c_proj(y.transpose(1, 2).reshape(B, T, D))


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        width, inner = config.hidden_size, config.intermediate_size
        self.ln_1, self.ln_2 = Norm(width, config.rms_norm_eps), Norm(width, config.rms_norm_eps)
        self.attn = Attention(width, config.num_attention_heads)
        self.gate, self.up = nn.Linear(width, inner, bias=False), nn.Linear(width, inner, bias=False)
        self.down = nn.Linear(inner, width, bias=False)

    def forward(self, x, cos, sin):
        x = x + self.attn(self.ln_1(x), cos, sin)
        y = self.ln_2(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Nano(nn.Module):
    """The layers of a transformers Llama with one head of keys for each head of queries, and its weights."""

    def __init__(self, llama):
        super().__init__()
        config = llama.config
        self.wte = nn.Embedding(config.vocab_size, config.hidden_size)
        self.h = nn.ModuleList(Block(config) for _ in range(config.num_hidden_layers))
        self.ln_f = Norm(config.hidden_size, config.rms_norm_eps)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.lm_head.weight = self.wte.weight
        half = config.head_dim // 2
        rates = config.rope_parameters["rope_theta"] ** -(torch.arange(half) / half)
        angles = torch.outer(torch.arange(config.max_position_embeddings), rates).repeat(1, 2)  # (T, D of a head)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        self._take(llama.state_dict())

    @torch.no_grad()
    def _take(self, weights):
        self.wte.weight.copy_(weights["model.embed_tokens.weight"])
        self.ln_f.weight.copy_(weights["model.norm.weight"])
        for i, block in enumerate(self.h):
            own = {name.removeprefix(f"model.layers.{i}."): weight for name, weight in weights.items()}
            qkv = [own[f"self_attn.{part}_proj.weight"] for part in "qkv"]
            block.attn.c_attn.weight.copy_(torch.cat(qkv))
            block.attn.c_proj.weight.copy_(own["self_attn.o_proj.weight"])
            block.ln_1.weight.copy_(own["input_layernorm.weight"])
            block.ln_2.weight.copy_(own["post_attention_layernorm.weight"])
            for part in ("gate", "up", "down"):
                getattr(block, part).weight.copy_(own[f"mlp.{part}_proj.weight"])

    def forward(self, idx, targets):
        T = idx.shape[1]
        x, cos, sin = self.wte(idx), self.cos[:T], self.sin[:T]
        for block in self.h:
            x = block(x, cos, sin)
        logits = self.lm_head(self.ln_f(x))
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.view(-1), ignore_index=-1)


def train(model: Nano, ids, batch: int, learning_rate: float, clip: float, after_step) -> None:
    """
    The loop.

    ids         (rows, T)  read once, in order
    after_step  (loss) -> None
    """
    steps = len(ids) // batch
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=0.0, fused=True)
    model.train()
    for step in range(steps):
        rows = ids[step * batch : (step + 1) * batch]
        targets = F.pad(rows[:, 1:], (0, 1), value=-1)  # nothing is known to follow a row's last token
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * learning_rate_factor(step, steps, 0, "linear")
        loss = model(rows, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        after_step(loss.detach())


def _turn(x, cos, sin):
    """Rotary positions: each pair of numbers is turned by the position times the pair's rate."""
    first, second = x.chunk(2, -1)
    return x * cos + torch.cat((-second, first), -1) * sin
