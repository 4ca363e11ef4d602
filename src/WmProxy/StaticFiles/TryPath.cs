using System;
using System.Globalization;

namespace WmProxy.StaticFiles;

/// <summary>One entry of <c>TryPaths</c>: a path that may contain the requested one, or a status to end with.</summary>
internal sealed class TryPath
{
    private const string Placeholder = "{path}";

    private readonly string _template;

    private TryPath(string template, int? statusCode)
    {
        _template = template;
        StatusCode = statusCode;
    }

    /// <summary>The status of <c>=404</c>; otherwise <see langword="null"/>.</summary>
    public int? StatusCode { get; }

    /// <summary>Whether the entry is the requested path itself, so that a folder's URL is the client's own.</summary>
    public bool IsRequested => _template == Placeholder;

    /// <summary>What is wrong in <paramref name="text"/>, or <see langword="null"/>.</summary>
    public static string? FindError(string text, bool isLast)
    {
        if (text.StartsWith('='))
        {
            return ParseStatus(text) is null ? $"'{text}' is not a status to end with; one looks like '=404'."
                : isLast ? null
                : $"'{text}' ends the search, so it comes last.";
        }

        var rest = text.Replace(Placeholder, "/x", StringComparison.Ordinal);
        if (text.Length == 0 || rest.Contains('{') || rest.Contains('}'))
        {
            return $"'{text}' is not a path: it may contain {Placeholder}, as in '{Placeholder}.html', and nothing else in braces.";
        }

        return RelativePath.TryParse(new TryPath(text, null).Expand("/x"), OperatingSystem.IsWindows(), out _) ? null : $"'{text}' leads out of Root or nowhere.";
    }

    public static TryPath Parse(string text) => new(text, ParseStatus(text));

    /// <summary>The path to look up for <paramref name="requested"/>, which begins with a slash.</summary>
    public string Expand(string requested)
    {
        if (IsRequested)
        {
            return requested;
        }

        var path = _template
            .Replace("{path}/", requested.EndsWith('/') ? requested : requested + "/", StringComparison.Ordinal)
            .Replace(Placeholder, requested, StringComparison.Ordinal);
        return path.StartsWith('/') ? path : "/" + path;
    }

    private static int? ParseStatus(string text)
    {
        return text.StartsWith('=') && int.TryParse(text.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status is >= 400 and <= 599
            ? status
            : null;
    }
}
