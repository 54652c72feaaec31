import sys
import mtl_infer
from PIL import Image
for task, labels in mtl_infer.load(sys.argv[1]).run(Image.open(sys.argv[2])).labels.items():
    print(f"{task} {labels[0].name} {labels[0].confidence:.4f}")
