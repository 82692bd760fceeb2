"""The official OpenAI client for Python against a server with Pocket: python3 openai_client.py URL. Run by openai-python.test.ts."""

import math
import sys
import unittest

import openai

MODEL = "pocket"
PROMPT = "Once upon a time, there was"
MESSAGES = [{"role": "user", "content": "Tell me a story about a small dog."}]
GREEDY = {"model": MODEL, "temperature": 0, "max_tokens": 12}

client = openai.OpenAI(base_url=f"{sys.argv[1]}/v1", api_key="unused", max_retries=0)


def chat(**options):
    return client.chat.completions.create(**{**GREEDY, "messages": MESSAGES, **options})


def complete(**options):
    return client.completions.create(**{**GREEDY, "prompt": PROMPT, **options})


class OpenAIClient(unittest.TestCase):
    def test_models(self):
        self.assertEqual([model.id for model in client.models.list()], [MODEL])
        self.assertEqual(client.models.retrieve(MODEL).id, MODEL)
        with self.assertRaises(openai.NotFoundError):
            client.models.retrieve("other")

    def test_chat_and_its_stream_are_the_same(self):
        whole = chat()
        self.assertEqual(whole.object, "chat.completion")
        self.assertEqual((whole.model, whole.choices[0].message.role), (MODEL, "assistant"))
        self.assertEqual(whole.usage.total_tokens, whole.usage.prompt_tokens + whole.usage.completion_tokens)
        chunks = list(chat(stream=True, stream_options={"include_usage": True}))
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1])
        self.assertGreater(len(text), 10)
        self.assertEqual(text, whole.choices[0].message.content)
        self.assertEqual(chunks[-2].choices[0].finish_reason, whole.choices[0].finish_reason)
        self.assertEqual(chunks[-1].choices, [])
        self.assertEqual(chunks[-1].usage, whole.usage)
        self.assertTrue(all(chunk.usage is None for chunk in chunks[:-1]))

    def test_a_stream_without_options_has_no_usage(self):
        chunks = list(chat(stream=True))
        self.assertTrue(all(chunk.usage is None and len(chunk.choices) == 1 for chunk in chunks))

    def test_the_stream_helper(self):
        # To a full stop, because the helper raises LengthFinishReasonError at a limit.
        options = {**GREEDY, "messages": MESSAGES, "max_tokens": 400, "stop": ["."]}
        with client.chat.completions.stream(**options) as stream:
            text = "".join(event.delta for event in stream if event.type == "content.delta")
            final = stream.get_final_completion()
        self.assertEqual(final.choices[0].message.content, text)
        self.assertEqual(text, chat(**options).choices[0].message.content)

    def test_completions(self):
        whole = complete()
        self.assertEqual(whole.object, "text_completion")
        self.assertEqual(whole.choices[0].finish_reason, "length")
        self.assertEqual(whole.usage.completion_tokens, 12)
        streamed = "".join(chunk.choices[0].text for chunk in complete(stream=True))
        self.assertEqual(streamed, whole.choices[0].text)
        word = whole.choices[0].text.split()[2]
        stopped = complete(stop=[word]).choices[0]
        self.assertEqual(stopped.finish_reason, "stop")
        self.assertEqual(stopped.text, whole.choices[0].text.partition(word)[0])
        several = complete(prompt=[PROMPT, "The little cat"])
        self.assertEqual([choice.index for choice in several.choices], [0, 1])
        self.assertEqual(several.choices[0].text, whole.choices[0].text)

    def test_fields_of_vllm(self):
        long = complete(extra_body={"ignore_eos": True, "top_k": 1, "temperature": 1}).choices[0]
        self.assertEqual(long.text, complete().choices[0].text)

    def test_n(self):
        reply = chat(n=3, temperature=1, seed=5)
        self.assertEqual([choice.index for choice in reply.choices], [0, 1, 2])
        self.assertEqual(len({choice.message.content for choice in reply.choices}), 3)
        again = chat(n=3, temperature=1, seed=5)
        self.assertEqual(again.choices, reply.choices)
        texts = ["", "", ""]
        for chunk in chat(n=3, temperature=1, seed=5, stream=True):
            for choice in chunk.choices:
                texts[choice.index] += choice.delta.content or ""
        self.assertEqual(texts, [choice.message.content for choice in reply.choices])

    def test_logprobs_of_chat(self):
        choice = chat(logprobs=True, top_logprobs=3).choices[0]
        content = choice.logprobs.content
        self.assertEqual("".join(token.token for token in content), choice.message.content)
        for token in content:
            self.assertEqual(len(token.top_logprobs), 3)
            self.assertEqual(token.top_logprobs[0].logprob, token.logprob)
            self.assertLessEqual(sum(math.exp(top.logprob) for top in token.top_logprobs), 1.0001)
            self.assertEqual(bytes(token.bytes).decode(), token.token)
        streamed = [token for chunk in chat(logprobs=True, top_logprobs=3, stream=True) for token in tokens_of(chunk)]
        self.assertEqual(streamed, content)
        self.assertIsNone(chat().choices[0].logprobs)

    def test_logprobs_of_completions(self):
        choice = complete(logprobs=2, echo=True).choices[0]
        logprobs = choice.logprobs
        self.assertTrue(choice.text.startswith(PROMPT))
        self.assertEqual("".join(logprobs.tokens), choice.text)
        self.assertIsNone(logprobs.token_logprobs[0])
        self.assertTrue(all(logprob <= 0 for logprob in logprobs.token_logprobs[1:]))
        self.assertEqual(len(logprobs.text_offset), len(logprobs.tokens))

    def test_errors(self):
        for options, param in [({"temperature": -1}, "temperature"), ({"n": 0}, "n"), ({"max_tokens": 4000}, "max_tokens")]:
            with self.subTest(param), self.assertRaises(openai.BadRequestError) as raised:
                chat(**options)
            error = raised.exception
            self.assertEqual((error.status_code, error.param, error.type, error.code), (400, param, "BadRequestError", "400"))
            self.assertIn(param, error.message)
        with self.assertRaises(openai.BadRequestError):
            chat(stream=True, n=0)
        with self.assertRaises(openai.NotFoundError) as raised:
            chat(model="other")
        self.assertEqual(raised.exception.param, "model")

    def test_routes_that_are_not_there(self):
        with self.assertRaises(openai.NotFoundError):
            client.responses.create(model=MODEL, input="Hello!")

    def test_a_model_that_generates_makes_no_embeddings(self):
        with self.assertRaises(openai.BadRequestError) as raised:
            client.embeddings.create(model=MODEL, input="Hello!")
        self.assertIn("pooling", raised.exception.message)

    def test_async(self):
        import asyncio

        async def ask():
            async with openai.AsyncOpenAI(base_url=f"{sys.argv[1]}/v1", api_key="unused") as asynchronous:
                options = {**GREEDY, "messages": MESSAGES}
                return await asyncio.gather(*(asynchronous.chat.completions.create(**options) for _ in range(8)))

        texts = {reply.choices[0].message.content for reply in asyncio.run(ask())}
        self.assertEqual(texts, {chat().choices[0].message.content})


def tokens_of(chunk):
    logprobs = chunk.choices[0].logprobs
    return logprobs.content if logprobs else []


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
