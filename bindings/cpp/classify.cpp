// classify MODEL PICTURE.pgm: prints each task's label and confidence.
#include <cstdio>
#include <fstream>

#include "mtl_infer.hpp"

int main(int argc, char **argv) try {
  int width = 0, height = 0, maximum = 0;
  std::string magic;
  std::ifstream file(argc == 3 ? argv[2] : "", std::ios::binary);
  file >> magic >> width >> height >> maximum;
  if (magic != "P5" || width < 1 || height < 1 || width > 32767 || height > 32767) throw std::runtime_error("no PGM");
  std::vector<char> pixels(size_t(width) * size_t(height));
  file.ignore().read(pixels.data(), std::streamsize(pixels.size()));

  auto model = mtl_infer::Model::open(argv[1]);
  auto result = model.session().run(mtl_infer::image(pixels.data(), width, height, MTL_GRAY8));
  for (uint32_t task = 0; task < model.num_tasks(); ++task) {
    auto label = result.label(model.task(task).name);
    std::printf("%s %s %.4f\n", model.task(task).name, label.name.data(), label.confidence);
  }
} catch (const std::exception &error) {
  std::fprintf(stderr, "classify: %s\n", error.what());
  return 1;
}
