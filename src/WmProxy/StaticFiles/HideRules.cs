using System.Collections.Generic;
using System.IO.Enumeration;
using WmProxy.Configuration;

namespace WmProxy.StaticFiles;

/// <summary>Names that are neither served nor listed, nor is anything below them.</summary>
internal sealed class HideRules
{
    private readonly EquatableArray<string> _globs;

    public HideRules(EquatableArray<string>? globs) => _globs = globs ?? [".*"];

    public bool Hides(RelativePath path) => Hides(path.Segments);

    // Case never counts: on a file system that ignores it, a rule that does not would be none.
    public bool Hides(string name)
    {
        foreach (var glob in _globs)
        {
            if (FileSystemName.MatchesSimpleExpression(glob, name, ignoreCase: true))
            {
                return true;
            }
        }

        return false;
    }

    private bool Hides(IReadOnlyList<string> names)
    {
        foreach (var name in names)
        {
            if (Hides(name))
            {
                return true;
            }
        }

        return false;
    }
}
