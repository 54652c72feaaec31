"""The engines. Making one imports its module; `open` reads a model and returns a function from image to list of outputs.

Modules are imported where they are used, because a process holds one engine alone: others would show in its memory.
"""
import importlib.metadata
import importlib.util
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


class MtlInfer:
    def __init__(self):
        sys.path.insert(0, str(ROOT / "bindings/python"))
        import mtl_infer

        self.module = mtl_infer
        self.computes_with = mtl_infer.cpu_isa()

    def open(self, model, names, precision, threads):
        """A checkpoint, a QDQ file and an own file bring their precision along."""
        return self.open_each(model, [names], threads)[0]

    def open_each(self, model, selections, threads):
        """A function for each selection of tasks, all on one model and its threads."""
        runtime = self.module.Runtime(threads=threads)
        opened = self.module.load(model, runtime=runtime)
        return [self._runner(opened.session(tasks=names), names) for names in selections]

    def _runner(self, session, names):
        def run(image):
            result = session.run(tensors=image)
            return [result[name] for name in names]

        return run


class OnnxRuntime:
    def __init__(self):
        import onnxruntime

        self.module = onnxruntime
        self.computes_with = None

    def open(self, model, names, precision, threads):
        """Its kernels for processors know no bf16: an ONNX file of floats runs in float32."""
        options = self.module.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        session = self.module.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.computes_with = "f32" if precision == "bf16" else None
        return lambda image: session.run(names, {"image": image})


class OpenVINO:
    def __init__(self):
        import openvino

        self.module = openvino
        self.computes_with = None

    def open(self, model, names, precision, threads):
        core = self.module.Core()
        settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1,
                    "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32"}
        compiled = core.compile_model(core.read_model(model), "CPU", settings)
        if precision == "bf16":
            # What it made of the hint: f32 where the processor has no instructions for bf16.
            self.computes_with = compiled.get_property("INFERENCE_PRECISION_HINT").to_string()
        request = compiled.create_infer_request()

        def run(image):
            outputs = request.infer({0: image}, share_inputs=True, share_outputs=True)
            return [outputs[index] for index in range(len(outputs))]

        return run


ENGINES = {
    "mtl-infer": MtlInfer,
    "onnxruntime": OnnxRuntime,
    "openvino": OpenVINO,
}


def available_engines():
    """Names of those that are installed; mtl-infer is the first."""
    names = ["mtl-infer"]
    for name in list(ENGINES)[1:]:
        if importlib.util.find_spec(name):
            names.append(name)
        else:
            print(f"{name}: not installed, left out", file=sys.stderr)
    return names


def version(name):
    return MtlInfer().module.version if name == "mtl-infer" else importlib.metadata.version(name)
