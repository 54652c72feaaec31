/// mtl_infer.hpp: the C interface of mtl-infer as C++17. Header-only; mtl_infer.h says what every call means.
///
///     auto model = mtl_infer::Model::open("models/fingers");
///     auto result = model.session().run(mtl_infer::image(pixels, 128, 128, MTL_GRAY8));
///     std::cout << result.label("count").name;
///
/// Handles are move-only and may be destroyed in any order: a child keeps its parents, a result keeps its outputs.
/// Failing calls throw `Error`. With MTL_INFER_NO_EXCEPTIONS defined, every function that can fail returns an
/// `Expected<T>` instead; define it for a whole program or not at all.
#ifndef MTL_INFER_HPP
#define MTL_INFER_HPP

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "mtl_infer.h"

namespace mtl_infer {

/// Why a call failed, in the library's words.
class Error : public std::runtime_error {
 public:
  explicit Error(const mtl_error &record)
      : std::runtime_error(record.message), code_(record.code), system_errno_(record.system_errno) {}
  mtl_status code() const noexcept { return code_; }
  int system_errno() const noexcept { return system_errno_; }  ///< of the failing system call, or 0

 private:
  mtl_status code_;
  int system_errno_;
};

/// A value or an error. Ask which before dereferencing.
template <class Value>
class Expected {
 public:
  Expected(Value value) : content_(std::in_place_index<0>, std::move(value)) {}
  Expected(Error error) : content_(std::in_place_index<1>, std::move(error)) {}
  explicit operator bool() const noexcept { return content_.index() == 0; }
  Value &operator*() noexcept { return *std::get_if<0>(&content_); }
  Value *operator->() noexcept { return std::get_if<0>(&content_); }
  const Error &error() const noexcept { return *std::get_if<1>(&content_); }

 private:
  std::variant<Value, Error> content_;
};

/// What a function returns that can fail.
#ifdef MTL_INFER_NO_EXCEPTIONS
#define MTL_INFER_FAIL return
template <class Value>
using Fallible = Expected<Value>;
#else
#define MTL_INFER_FAIL throw
template <class Value>
using Fallible = Value;
#endif

namespace detail {

/// `value` if `status` is fine, else the error.
template <class Value>
Fallible<Value> either(mtl_status status, const mtl_error &error, Value value) {
  if (status) MTL_INFER_FAIL Error(error);
  return value;
}
#undef MTL_INFER_FAIL

/// Whether the library that was found at run time serves this header. Asked once.
inline const mtl_error &abi_verdict() {
  static const mtl_error verdict = [] {
    mtl_error error = {};
    error.code = mtl_check_abi(MTL_ABI, MTL_ABI_MINOR, &error);
    return error;
  }();
  return verdict;
}

/// One counted reference to a C handle.
template <class Raw, Raw *(*retain)(Raw *), void (*release)(Raw *)>
class Handle {
 public:
  explicit Handle(Raw *raw = nullptr) noexcept : raw_(raw) {}
  Handle(Handle &&other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
  Handle &operator=(Handle &&other) noexcept { return std::swap(raw_, other.raw_), *this; }
  ~Handle() { release(raw_); }
  Raw *get() const noexcept { return raw_; }
  Handle share() const noexcept { return Handle(retain(raw_)); }

 private:
  Raw *raw_;
};
using RuntimeHandle = Handle<mtl_runtime, mtl_runtime_retain, mtl_runtime_release>;
using ModelHandle = Handle<mtl_model, mtl_model_retain, mtl_model_release>;
using SessionHandle = Handle<mtl_session, mtl_session_retain, mtl_session_release>;
using ResultHandle = Handle<mtl_result, mtl_result_retain, mtl_result_release>;

inline mtl_status find_tasks(const mtl_model *model, const std::vector<std::string> &names,
                             std::vector<uint32_t> &indices, mtl_error &error) {
  for (const std::string &name : names) {
    uint32_t index = 0;
    if (mtl_status status = mtl_model_task_index(model, name.c_str(), &index, &error)) return status;
    indices.push_back(index);
  }
  return MTL_OK;
}

}  // namespace detail

/// Borrows `height` rows of interleaved 8-bit pixels. `row_stride` in bytes; 0 = rows without gaps.
/// Orientation and region are fields of the returned view.
inline mtl_image_view image(const void *pixels, int32_t width, int32_t height, int32_t format, int64_t row_stride = 0) {
  const int64_t row_size = int64_t(width) * mtl_pixel_format_size(format);
  mtl_image_view view = {};
  view.data = pixels;
  view.row_stride = row_stride ? row_stride : row_size;
  view.byte_size = width > 0 && height > 0 ? uint64_t(height - 1) * uint64_t(view.row_stride) + uint64_t(row_size) : 0;
  view.width = width, view.height = height;
  view.format = format;
  return view;
}

/// Borrows float32 numbers without gaps, last dimension fastest. At most MTL_MAX_RANK dimensions.
inline mtl_tensor_view tensor(const float *numbers, std::initializer_list<int64_t> shape) {
  mtl_tensor_view view = {};
  view.data = const_cast<float *>(numbers);
  view.dtype = MTL_FLOAT32;
  view.rank = int32_t(shape.size());
  view.byte_size = sizeof(float);
  for (size_t axis = shape.size() < MTL_MAX_RANK ? shape.size() : MTL_MAX_RANK; axis-- > 0;) {
    view.shape[axis] = shape.begin()[axis];
    view.stride[axis] = int64_t(view.byte_size);
    view.byte_size *= uint64_t(view.shape[axis]);
  }
  return view;
}

/// A task's output: float32, the batch first. Valid as long as its Result.
struct Output : mtl_tensor_view {
  /// One number, by its index along each axis: output(image, channel, y, x). Unchecked.
  template <class... Index>
  float operator()(Index... index) const noexcept {
    int64_t offset = 0;
    int axis = 0;
    ((offset += int64_t(index) * stride[axis++]), ...);
    return *reinterpret_cast<const float *>(static_cast<const char *>(data) + offset);
  }
};

/// Most probable class. `name` belongs to the model.
struct Label {
  std::string_view name;
  int32_t index;
  float confidence;  ///< probability, 0 to 1
};

/// The outputs of one run. Owns its memory; may be read by several threads.
class Result {
 public:
  Result(detail::ModelHandle model, mtl_result *raw) : model_(std::move(model)), result_(raw) {}
  mtl_result *get() const noexcept { return result_.get(); }
  uint32_t batch() const noexcept { return mtl_result_batch(result_.get()); }
  /// What the network's own forward returns for `task`. MTL_NOT_FOUND if there is no such task or it was not run.
  Fallible<Output> output(const std::string &task) const {
    mtl_error error;
    uint32_t index = 0;
    Output output = {};
    mtl_status status = mtl_model_task_index(model_.get(), task.c_str(), &index, &error);
    if (!status) status = mtl_result_output(result_.get(), index, &output, &error);
    return detail::either(status, error, output);
  }

  /// The class of image `image` of the batch.
  Fallible<Label> label(const std::string &task, uint32_t image = 0) const {
    mtl_error error;
    uint32_t index = 0;
    Label label = {};
    mtl_status status = mtl_model_task_index(model_.get(), task.c_str(), &index, &error);
    if (!status) status = mtl_result_label(result_.get(), index, image, &label.index, &label.confidence, &error);
    const char *name = status ? nullptr : mtl_model_task_label(model_.get(), index, uint32_t(label.index));
    if (name) label.name = name;
    return detail::either(status, error, label);
  }

 private:
  detail::ModelHandle model_;
  detail::ResultHandle result_;
};

/// Plans and memory of one caller: one call at a time, a second one at once gets MTL_BUSY.
class Session {
 public:
  Session(detail::ModelHandle model, mtl_session *raw) : model_(std::move(model)), session_(raw) {}
  mtl_session *get() const noexcept { return session_.get(); }
  /// Runs one image, a batch of them, or a ready float32 N x C x H x W input. `tasks`: none = the session's.
  Fallible<Result> run(const mtl_image_view &image, const std::vector<std::string> &tasks = {}) {
    return run_with(mtl_run_images, &image, 1, tasks);
  }
  Fallible<Result> run(const std::vector<mtl_image_view> &images, const std::vector<std::string> &tasks = {}) {
    return run_with(mtl_run_images, images.data(), uint32_t(images.size()), tasks);
  }
  Fallible<Result> run(const mtl_tensor_view &input, const std::vector<std::string> &tasks = {}) {
    return run_with(mtl_run_tensors, &input, 1, tasks);
  }
  /// Counters, sizes in bytes and times of the last run in nanoseconds.
  Fallible<mtl_stats> stats() {
    mtl_error error;
    mtl_stats stats = {};
    stats.struct_size = sizeof stats;
    mtl_status status = mtl_session_stats(session_.get(), &stats, &error);
    return detail::either(status, error, stats);
  }

 private:
  template <class Function, class View>
  Fallible<Result> run_with(Function function, const View *views, uint32_t count,
                            const std::vector<std::string> &tasks) {
    mtl_error error;
    mtl_result *result = nullptr;
    std::vector<uint32_t> indices;
    mtl_status status = detail::find_tasks(model_.get(), tasks, indices, error);
    mtl_run_options options = {uint32_t(sizeof(mtl_run_options)), uint32_t(indices.size()), nullptr};
    if (!indices.empty()) options.tasks = indices.data();
    if (!status) status = function(session_.get(), views, count, &options, &result, &error);
    return detail::either(status, error, Result(model_.share(), result));
  }

  detail::ModelHandle model_;
  detail::SessionHandle session_;
};

/// Threads. Models opened without a Runtime share the process's default one.
class Runtime {
 public:
  explicit Runtime(mtl_runtime *raw) : runtime_(raw) {}
  mtl_runtime *get() const noexcept { return runtime_.get(); }
  uint32_t num_threads() const noexcept { return mtl_runtime_num_threads(runtime_.get()); }
  /// `options.struct_size` need not be set, here and below.
  static Fallible<Runtime> create(mtl_runtime_options options = {}) {
    mtl_error error = detail::abi_verdict();
    mtl_runtime *runtime = nullptr;
    options.struct_size = sizeof options;
    mtl_status status = error.code ? error.code : mtl_runtime_create(&options, &runtime, &error);
    return detail::either(status, error, Runtime(runtime));
  }

 private:
  detail::RuntimeHandle runtime_;
};

/// Weights, graph and task table. May be used by several threads.
class Model {
 public:
  explicit Model(mtl_model *raw) : model_(raw) {}
  mtl_model *get() const noexcept { return model_.get(); }
  /// `path`: a folder with a model.json, a model.json, or a checkpoint.
  static Fallible<Model> open(const std::string &path, mtl_model_options options = {},
                              const Runtime *runtime = nullptr) {
    mtl_error error = detail::abi_verdict();
    mtl_model *model = nullptr;
    mtl_runtime *threads = runtime ? runtime->get() : nullptr;
    options.struct_size = sizeof options;
    mtl_status status = error.code ? error.code : mtl_model_open_path(threads, path.c_str(), &options, &model, &error);
    return detail::either(status, error, Model(model));
  }

  uint32_t num_tasks() const noexcept { return mtl_model_num_tasks(model_.get()); }
  /// Name, kind, output shape and cost of a task.
  Fallible<mtl_task_info> task(uint32_t index) const {
    mtl_error error;
    mtl_task_info info = {};
    info.struct_size = sizeof info;
    mtl_status status = mtl_model_task_info(model_.get(), index, &info, &error);
    return detail::either(status, error, info);
  }

  /// A session for one caller. `tasks`: names of the tasks to run, none = all; they replace options.tasks.
  Fallible<Session> session(const std::vector<std::string> &tasks = {}, mtl_session_options options = {}) const {
    mtl_error error;
    mtl_session *session = nullptr;
    std::vector<uint32_t> indices;
    mtl_status status = detail::find_tasks(model_.get(), tasks, indices, error);
    options.struct_size = sizeof options;
    if (!indices.empty()) options.tasks = indices.data(), options.num_tasks = uint32_t(indices.size());
    if (!status) status = mtl_session_create(model_.get(), &options, &session, &error);
    return detail::either(status, error, Session(model_.share(), session));
  }

 private:
  detail::ModelHandle model_;
};

}  // namespace mtl_infer
#endif
