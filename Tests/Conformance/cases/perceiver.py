"""Perceivers: lucidrains/perceiver-pytorch, krasserm/perceiver-io, transformers; a published class and tasks."""

from case import Case
from definitions import perceiver_heads as perceiver
from definitions.trunk_heads import DOCUMENT_TASKS, task_outputs

PICTURE = (1, 3, 224, 224)


def lucidrains(name: str, network: str = "perceiver-lucidrains", tasks=None, early=False, inverted=False, **options):
    parameters = {"inverted": True} if inverted else {}
    if inverted:
        options["inverted_cross_attn"] = True
    return Case(
        name=name, network=network, origin="perceiver-pytorch 0." + ("8" if early else "11"),
        make=lambda: perceiver.lucidrains(tasks, **perceiver.LUCIDRAINS, **options),
        thin=lambda: perceiver.lucidrains(tasks, **perceiver.LUCIDRAINS_THIN, **options),
        shape=PICTURE, thin_shape=(2, 3, 12, 15), outputs=perceiver.rows_last,
        checkpoint=perceiver.with_early_names if early else Case.checkpoint,
        parameters=parameters, thin_parameters={"latent_heads": 2, **parameters})


#: krasserm/perceiver-io's port of DeepMind's ImageNet model, and its MNIST example, whose later layers have weights of
#: their own.
IMAGENET = dict(
    encoder=dict(
        image_shape=(224, 224, 3), num_frequency_bands=64, num_cross_attention_heads=1, num_self_attention_heads=8,
        num_self_attention_layers_per_block=6, num_self_attention_blocks=8),
    decoder=dict(num_classes=1000, num_output_query_channels=1024, num_cross_attention_heads=1),
    latents=512, channels=1024)
MNIST = dict(
    encoder=dict(
        image_shape=(28, 28, 1), num_frequency_bands=32, num_cross_attention_layers=2, num_cross_attention_heads=1,
        num_self_attention_heads=8, num_self_attention_layers_per_block=3, num_self_attention_blocks=3,
        first_self_attention_block_shared=False),
    decoder=dict(num_classes=10, num_output_query_channels=128, num_cross_attention_heads=1),
    latents=32, channels=128)


def krasserm_thin(published: dict, image: tuple[int, int, int]) -> dict:
    encoder = published["encoder"] | dict(
        image_shape=image, num_frequency_bands=3, num_self_attention_heads=2, num_self_attention_layers_per_block=2,
        num_self_attention_blocks=3)
    decoder = dict(num_classes=10, num_output_query_channels=12, num_cross_attention_heads=1)
    return dict(encoder=encoder, decoder=decoder, latents=5, channels=8)


def krasserm(name: str, published: dict, image: tuple[int, int, int], tasks=None, checkpoint=Case.checkpoint) -> Case:
    height, width, channels = published["encoder"]["image_shape"]
    blocks = {"blocks": published["encoder"]["num_self_attention_blocks"]}
    if "num_cross_attention_layers" in published["encoder"]:
        blocks["cross_attentions"] = published["encoder"]["num_cross_attention_layers"]
    return Case(
        name=name, network="perceiver-krasserm", origin="perceiver-io 0.11",
        make=lambda: perceiver.krasserm(tasks, **published),
        thin=lambda: perceiver.krasserm(tasks, **krasserm_thin(published, image)),
        shape=(1, channels, height, width), thin_shape=(2, image[2], image[0], image[1]), outputs=perceiver.rows_last,
        checkpoint=checkpoint, parameters=blocks, thin_parameters=blocks | {"blocks": 3, "self_heads": 2})


def lightning(module):
    """As a Lightning trainer saves it."""
    return {"state_dict": {f"model.{key}": value for key, value in module.state_dict().items()}, "epoch": 3}


def hugging_face(kind: str, tasks=None) -> Case:
    size = {"learned": (12, 12), "fourier": (12, 16), "conv": (36, 44)}[kind]
    thin_parameters = {"blocks": 2, "self_heads": 4}
    if kind != "learned":
        thin_parameters["resolution"] = {"fourier": 12, "conv": 8}[kind]
    return Case(
        name=f"perceiver-huggingface-{kind}" + ("-tasks" if tasks else ""),
        network=f"perceiver-huggingface-{kind}", origin="transformers 5.24",
        make=lambda: perceiver.hugging_face_published(kind, tasks),
        thin=lambda: perceiver.hugging_face_thin(kind, tasks),
        shape=PICTURE, thin_shape=(2, 3, *size), thin_parameters=thin_parameters,
        outputs=task_outputs if tasks else perceiver.hugging_face_class)


CASES = [
    lucidrains("perceiver-lucidrains"),
    lucidrains("perceiver-lucidrains-early", early=True, weight_tie_layers=True),
    lucidrains("perceiver-lucidrains-inverted", inverted=True),
    lucidrains("documents-perceiver", "documents-perceiver", DOCUMENT_TASKS),
    lucidrains("documents-perceiver-tied", "documents-perceiver", DOCUMENT_TASKS, weight_tie_layers=True),
    krasserm("perceiver-krasserm", IMAGENET, (12, 12, 3)),
    krasserm("perceiver-krasserm-mnist", MNIST, (9, 9, 1), checkpoint=lightning),
    krasserm("perceiver-krasserm-tasks", IMAGENET, (12, 12, 3), DOCUMENT_TASKS),
    *(hugging_face(kind, tasks) for kind in ("learned", "fourier", "conv") for tasks in (None, DOCUMENT_TASKS)),
]
