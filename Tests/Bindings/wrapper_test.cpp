// wrapper_test MODEL: the C++ wrapper, with exceptions or without. Prints nothing; 0 = everything held.
#include <type_traits>

#include "mtl_infer.hpp"

using namespace mtl_infer;

static_assert(!std::is_copy_constructible_v<Runtime> && std::is_nothrow_move_constructible_v<Runtime>);
static_assert(!std::is_copy_constructible_v<Model> && std::is_nothrow_move_constructible_v<Model>);
static_assert(!std::is_copy_constructible_v<Session> && std::is_nothrow_move_constructible_v<Session>);
static_assert(!std::is_copy_constructible_v<Result> && std::is_nothrow_move_constructible_v<Result>);
static_assert(std::is_base_of_v<std::runtime_error, Error>);

#ifdef MTL_INFER_NO_EXCEPTIONS
template <class Value>
Value take(Expected<Value> expected) {
  return std::move(*expected);
}
template <class Call>
mtl_status code_of(Call call) {
  auto expected = call();
  return expected ? MTL_OK : expected.error().code();
}
#else
template <class Value>
Value take(Value value) {
  return value;
}
template <class Call>
mtl_status code_of(Call call) {
  try {
    call();
    return MTL_OK;
  } catch (const Error &error) {
    return *error.what() ? error.code() : MTL_INTERNAL;
  }
}
#endif

#define CHECK(condition) \
  if (!(condition)) return __LINE__ % 255 + 1

int main(int, char **argv) {
  if (!argv[1]) return 1;
  mtl_runtime_options options = {};
  options.num_threads = 2;
  std::vector<uint8_t> pixels(128 * 128, 100);
  std::vector<float> numbers(2 * 128 * 128, 0.5f);
  const mtl_image_view picture = image(pixels.data(), 128, 128, MTL_GRAY8);

  // Everything but the result is gone when it is read.
  Result result = [&] {
    Runtime runtime = take(Runtime::create(options));
    Model model = take(Model::open(argv[1], {}, &runtime));
    return take(take(model.session()).run(picture));
  }();
  const Label label = take(result.label("count"));
  const Output output = take(result.output("count"));
  CHECK(result.batch() == 1 && output.rank == 2 && output.shape[1] == 6);
  CHECK(label.name == std::to_string(label.index) && label.confidence > 0 && label.confidence <= 1);
  for (int64_t i = 0; i < 6; ++i) CHECK(output(0, i) <= output(0, label.index));

  Model model = take(Model::open(argv[1]));
  Session session = take(model.session({"count"}));
  CHECK(take(session.run({picture, picture})).batch() == 2);
  CHECK(take(session.run(tensor(numbers.data(), {2, 1, 128, 128}))).batch() == 2);
  CHECK(take(session.stats()).runs == 2);
  CHECK(std::string_view(take(model.task(1)).name) == "count" && model.num_tasks() == 2);
  Result count_only = take(session.run(picture));
  CHECK(code_of([&] { return count_only.output("hand"); }) == MTL_NOT_FOUND);
  CHECK(code_of([&] { return count_only.label("no such task"); }) == MTL_NOT_FOUND);
  CHECK(code_of([&] { return session.run(picture, {"no such task"}); }) == MTL_NOT_FOUND);
  CHECK(code_of([&] { return Model::open("no/such/folder"); }) == MTL_IO);
  CHECK(code_of([&] { return model.task(99); }) != MTL_OK);
  CHECK(code_of([&] { return session.run(image(nullptr, 1, 1, MTL_GRAY8)); }) == MTL_INVALID_ARGUMENT);

  Session moved = std::move(session);
  session = take(model.session());
  CHECK(take(moved.run(picture)).batch() == 1 && take(session.run(picture)).batch() == 1);
  return 0;
}
