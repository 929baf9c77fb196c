"""A tiny real model, an engine that says what it is told, and a server around it."""

import contextlib
import threading
import time

import torch
import uvicorn
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from frontdesk.generation.metrics import Metrics
from frontdesk.generation.requests import Piece, TokenLogprob
from frontdesk.generation.weights import LoadedModel

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def byte_tokenizer():
    """A tokenizer with one token a byte and three control tokens."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {text: i for i, text in enumerate([*SPECIAL, *alphabet])}
    core = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=False
    )
    core.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
        bos_token="<|im_start|>",
        unk_token="<|endoftext|>",
        chat_template=TEMPLATE,
    )


def tiny_llama(seed=0, **changes):
    """A two-layer Llama with random weights in float32 over `byte_tokenizer`."""
    config = LlamaConfig(
        **{
            "vocab_size": 259,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 512,
            "initializer_range": 0.3,
            "bos_token_id": 1,
            "eos_token_id": 2,
            "pad_token_id": 2,
        }
        | changes
    )
    torch.manual_seed(seed)
    model = LlamaForCausalLM(config).eval().requires_grad_(False)
    return LoadedModel("tiny", model, byte_tokenizer(), "cpu", "float32")


class FakeEngine:
    """Answers every request with the given pieces; records requests."""

    name = "fake"
    max_context = 1000

    def __init__(self, pieces=("Hello", " there"), error=None, delay_s=0.0):
        self.pieces = pieces
        self.error = error
        self.delay_s = delay_s
        self.healthy = True
        self.closed = False
        self.chats = []
        self.forms = []
        self.requests = []
        self.metrics = Metrics()

    def encode_text(self, text):
        return tuple(text.encode())

    def encode_chat(self, messages):
        self.chats.append(messages)
        return tuple(range(7))

    def constrain(self, form):
        self.forms.append(form)
        return form

    def submit(self, request):
        if self.error:
            raise self.error
        self.requests.append(request)
        threading.Thread(target=self._answer, args=(request,), daemon=True).start()

    def _answer(self, request):
        for number, text in enumerate(self.pieces, 1):
            time.sleep(self.delay_s)
            if request.is_cancelled:
                request.listener(Piece("", "cancelled", number))
                return
            noted = ()
            if request.sampling.logprobs is not None:
                noted = (TokenLogprob(text, -0.5, ((text, -0.5), ("Bye", -1.5))),)
            request.listener(Piece(text, None, number, logprobs=noted))
        request.listener(Piece("", "stop", len(self.pieces)))

    def is_healthy(self):
        return self.healthy

    def close(self):
        self.closed = True


class Collected:
    """A listener that keeps what an engine says and waits for the end."""

    def __init__(self):
        self.pieces = []
        self._ended = threading.Event()

    def __call__(self, piece):
        self.pieces.append(piece)
        if piece.finish_reason:
            self._ended.set()

    def wait(self, timeout_s=30):
        assert self._ended.wait(timeout_s), "the engine did not finish in time"
        return self

    @property
    def text(self):
        return "".join(piece.text for piece in self.pieces)

    @property
    def reason(self):
        return self.pieces[-1].finish_reason


@contextlib.contextmanager
def serving(app):
    """The address of `app`, served on a free loopback port while the block runs."""
    config = uvicorn.Config(app, port=0, log_level="critical", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the test server did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
