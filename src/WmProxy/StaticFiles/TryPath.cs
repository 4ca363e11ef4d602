using System;
using System.Globalization;
using WmProxy.Configuration.Values;

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
            return ParseStatus(text) is null ? $"{QuotedText.Quote(text)} is not a status to end with, which is '=400' to '=599'"
                : isLast ? null
                : $"{QuotedText.Quote(text)} ends the search, so it comes last";
        }

        if (text.Replace(Placeholder, "", StringComparison.Ordinal).AsSpan().ContainsAny('{', '}'))
        {
            return $"{QuotedText.Quote(text)} has an unknown placeholder; the only one is '{Placeholder}'";
        }

        return text.Length > 0 && IsBelowRoot(text) ? null
            : text.Replace("/" + Placeholder, Placeholder, StringComparison.Ordinal) is { Length: > 0 } other && other != text && IsBelowRoot(other)
                ? $"{QuotedText.Quote(text)} has two slashes in a row, because '{Placeholder}' begins with one; did you mean {QuotedText.Quote(other)}?"
            : $"{QuotedText.Quote(text)} is not a path below 'Root', which has single '/' between names and no '.', '..' or '\\'";
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

    private static bool IsBelowRoot(string template) => RelativePath.TryParse(new TryPath(template, null).Expand("/x"), OperatingSystem.IsWindows(), out _);

    private static int? ParseStatus(string text)
    {
        return text.StartsWith('=') && int.TryParse(text.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status is >= 400 and <= 599
            ? status
            : null;
    }
}
