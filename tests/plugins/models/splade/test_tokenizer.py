from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers

from sparsebench.checkpoints import Location
from sparsebench.errors import ModelError
from sparsebench_plugins.models.splade.checkpoint import open_checkpoint
from sparsebench_plugins.models.splade.code import Trust
from sparsebench_plugins.models.splade.tokenizer import TokenizerVocabulary, capitalised_ids, load_vocabulary


def vocabulary_of(folder, size):
    checkpoint = open_checkpoint(Location(str(folder), None), "document", allow_bin=False, trust=Trust())
    return load_vocabulary(checkpoint, size)


@pytest.fixture
def words(make_checkpoint):
    """The entries [PAD] [UNK] [CLS] [SEP] [MASK] [unused0] the cat sat on a mat dog ##s ##ing run far away Paris ."""
    return vocabulary_of(make_checkpoint(), size=22)


def test_tokens_are_spelt_as_in_the_vocabulary(words):
    assert [words.token(term_id) for term_id in (2, 5, 6, 13, 18)] == ["[CLS]", "[unused0]", "the", "##s", "Paris"]


def test_ids_of_a_text_leave_special_tokens_out(words):
    assert words.token_ids(["the cats", "", "Paris unknown"]) == [[6, 7, 13], [], [18, 1]]


def test_ids_of_a_text_end_at_the_maximum_of_the_tokenizer(words):
    assert [len(ids) for ids in words.token_ids(["the " * 300])] == [260]


def test_a_tokenizer_without_a_sane_maximum_takes_512(shared_dir):
    rampart = vocabulary_of(shared_dir / "models" / "rampart-minilm-l6-v19730", size=19_730)
    assert [len(ids) for ids in rampart.token_ids(["the " * 600])] == [512]


def test_special_tokens_count_towards_the_length_and_cut_texts_are_counted(words):
    ids, truncated = words.tokenize(["the cat sat", "the cat", ""], length=4)
    assert ids == [[2, 6, 7, 3], [2, 6, 7, 3], [2, 3]]
    assert truncated == 1


def test_one_length_does_not_linger(words):
    words.tokenize(["the cat sat"], length=3)
    assert words.tokenize(["the cat sat"], length=9) == ([[2, 6, 7, 8, 3]], 0)


def test_threads_with_lengths_of_their_own_do_not_cut_each_other_s_texts(words):
    """The length is a state of the tokenizer; once it was set in one step and used in another."""
    text = "the cat sat on a mat " * 20

    def lengths(length):
        return {len(ids) for _ in range(40) for ids in words.tokenize([text] * 4, length=length)[0]}

    asked = [3, 17, 40, 90]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lengths, asked)) == [{length} for length in asked]


def test_the_end_is_kept_where_the_tokenizer_cuts_on_the_left(make_checkpoint):
    folder = make_checkpoint()
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**config, "truncation_side": "left"}))
    ids, cut = vocabulary_of(folder, size=22).tokenize(["the cat sat far away"], length=4)
    assert (ids, cut) == ([[2, 16, 17, 3]], 1)


def test_a_tokenizer_that_does_more_in_python_is_refused(make_checkpoint, monkeypatch):
    def more(self, text, **kwargs):
        return {"input_ids": [7, *self.backend_tokenizer.encode(text, **kwargs).ids]}

    monkeypatch.setattr("transformers.PreTrainedTokenizerBase.__call__", more)
    with pytest.raises(ModelError, match="does more than its fast form"):
        vocabulary_of(make_checkpoint(), size=22)


def test_special_unused_and_padding_dimensions_are_special(words):
    assert words.special_ids == {0, 1, 2, 3, 4, 5, 20, 21}
    assert words.token(20) == "[no token 20]"


def test_a_tokenizer_with_ids_beyond_the_decoder_is_refused(make_checkpoint):
    with pytest.raises(ModelError, match=r"id 19 \('\.'\) is beyond the decoder's 19 rows"):
        vocabulary_of(make_checkpoint(), size=19)


def test_capitalised_entries_of_a_cased_vocabulary_are_unreachable(words):
    assert words.unreachable_ids() == words.special_ids | {18}


def tokens_that_change(tokenizer):
    spelt = {term_id: token for token, term_id in tokenizer.get_vocab().items()}
    return {spelt[term_id] for term_id in capitalised_ids(tokenizer)}


def test_wordpiece_is_judged_without_its_prefix_and_by_its_own_normaliser():
    """BERT's normaliser sets white space around Chinese characters and takes accents away."""
    tokens = ["##ing", "##Ing", "中", "##中", "cafe", "café", "US", "##", "[UNK]"]
    tokenizer = Tokenizer(models.WordPiece({token: i for i, token in enumerate(tokens)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.decoder = decoders.WordPiece()
    assert tokens_that_change(tokenizer) == {"##Ing", "café", "US", "[UNK]"}


def test_byte_level_entries_are_judged_by_the_text_they_stand_for():
    """Ġ is a space and not a capital letter; Ãī is É, Ã© is é, and Ã alone is half a character of either."""
    tokens = ["Ġparis", "ĠParis", "Ã©", "Ãī", "Ã", "Ċ", "!"]
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, []))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.decoder = decoders.ByteLevel()
    assert tokens_that_change(tokenizer) == {"ĠParis", "Ãī"}


def test_sentencepiece_entries_are_judged_without_their_mark():
    tokens = ["▁", "▁paris", "▁Paris", "ﬁ", "fi"]
    tokenizer = Tokenizer(models.Unigram([(token, -1.0) for token in tokens], 0, False))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.decoder = decoders.Metaspace()
    assert tokens_that_change(tokenizer) == {"▁Paris", "ﬁ"}


def test_byte_fallback_entries_are_single_bytes(shared_dir):
    llama = Tokenizer.from_file(str(shared_dir / "data" / "tokenizers" / "llama2-wordllama" / "tokenizer.json"))
    changed = tokens_that_change(llama)
    assert {"<0x41>", "<0x5A>", "▁Rich", "GET"} <= changed
    assert not {"<0x61>", "<0x0A>", "<0xC3>", "▁rich", "▁"} & changed


def test_every_id_that_lower_cased_text_gives_is_reachable(tiny_splade_dir, shared_dir):
    neox = Tokenizer.from_file(str(shared_dir / "data" / "tokenizers" / "gpt-neox-20b" / "tokenizer.json"))
    vocabularies = [
        vocabulary_of(tiny_splade_dir, size=30_522),
        TokenizerVocabulary(neox, size=50_432, maximum=512, special_ids=frozenset()),
    ]
    texts = (shared_dir / "data" / "cranfield" / "cran.qry").read_text().lower().splitlines()
    texts.append("élan über straße ΑΣ ﬁne 中国 naïve 🙂 x\u0301".lower())
    for vocabulary in vocabularies:
        used = {term_id for ids in vocabulary.token_ids(texts) for term_id in ids} - vocabulary.special_ids
        assert used
        assert not used & vocabulary.unreachable_ids()


def test_an_uncased_vocabulary_has_nothing_unreachable_but_what_is_special(tiny_splade_dir):
    vocabulary = vocabulary_of(tiny_splade_dir, size=30_522)
    assert vocabulary.unreachable_ids() == vocabulary.special_ids
    assert {vocabulary.token(term_id) for term_id in (0, 101, 999)} == {"[PAD]", "[CLS]", "!"}
