/// Trunks of attention, with their own classifier or with the heads that users put on them.
let transformerRecipes: [any Recipe] =
  [ViTRecipe(form: .utkface), ViTRecipe(form: .torchvision), SwinRecipe(codeBase: .microsoft)]
  + [SwinRecipe(codeBase: .timm), SwinRecipe(codeBase: .torchvision), LucidrainsPerceiverRecipe(isForDocuments: false)]
  + [KrassermPerceiverRecipe(), HuggingFacePerceiverRecipe(preprocessing: .learned)]
  + [HuggingFacePerceiverRecipe(preprocessing: .fourier), HuggingFacePerceiverRecipe(preprocessing: .conv)]
