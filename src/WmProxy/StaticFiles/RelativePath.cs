using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;

namespace WmProxy.StaticFiles;

/// <summary>
/// A path below a root that names nothing but plain entries: no step up, no other volume, no second meaning on any system.
/// What cannot be written that way does not exist for us.
/// </summary>
internal sealed class RelativePath
{
    private const int MaxLength = 4096;

    private RelativePath(string value, string[] segments, bool isFolder)
    {
        Value = value;
        Segments = segments;
        IsFolder = isFolder;
    }

    /// <summary>The path with <c>/</c> between its segments and at neither end; empty for the root.</summary>
    public string Value { get; }

    public IReadOnlyList<string> Segments { get; }

    /// <summary>Whether the path ended with a slash, which a file's does not.</summary>
    public bool IsFolder { get; }

    /// <param name="path">A decoded path that begins with <c>/</c>; the empty path is the root without its slash.</param>
    /// <param name="windows">Whether the file system reads names as Windows does.</param>
    /// <param name="result">The path, when it is acceptable.</param>
    public static bool TryParse(string path, bool windows, [NotNullWhen(true)] out RelativePath? result)
    {
        result = null;
        if (path.Length is 0 or 1)
        {
            result = new RelativePath("", [], isFolder: path.Length == 1);
            return path is "" or "/";
        }

        if (path[0] != '/' || path.Length > MaxLength)
        {
            return false;
        }

        var isFolder = path[^1] == '/';
        var value = isFolder ? path[1..^1] : path[1..];
        var segments = value.Split('/');
        foreach (var segment in segments)
        {
            if (!IsSegment(segment, windows))
            {
                return false;
            }
        }

        result = new RelativePath(value, segments, isFolder);
        return true;
    }

    /// <summary>Whether <paramref name="segment"/> is the name of one entry and nothing more.</summary>
    public static bool IsSegment(string segment, bool windows)
    {
        if (segment is "" or "." or "..")
        {
            return false;
        }

        foreach (var c in segment)
        {
            // A backslash is a separator somewhere; U+FFFD stands for bytes that were no text.
            if (char.IsControl(c) || c is '/' or '\\' or '\uFFFD')
            {
                return false;
            }
        }

        return !windows || WindowsNames.IsPlain(segment);
    }
}
