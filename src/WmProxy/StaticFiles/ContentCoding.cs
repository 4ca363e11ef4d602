using System;
using System.Collections.Generic;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace WmProxy.StaticFiles;

/// <summary>A content coding that a file may have a precompressed neighbour in.</summary>
/// <param name="Name">The coding's registered name (RFC 9110, 8.4.1).</param>
/// <param name="Ending">What the neighbour's name ends with.</param>
internal sealed record ContentCoding(string Name, string Ending)
{
    public static readonly IReadOnlyList<ContentCoding> All = [new("br", ".br"), new("gzip", ".gz")];

    /// <summary>The coding called <paramref name="name"/>, or <see langword="null"/>.</summary>
    public static ContentCoding? Find(string name)
    {
        foreach (var coding in All)
        {
            if (string.Equals(coding.Name, name, StringComparison.OrdinalIgnoreCase))
            {
                return coding;
            }
        }

        return null;
    }

    /// <summary>
    /// Those of <paramref name="offered"/> that the client takes and does not rank below the plain file, best first; of equals
    /// the one offered first (RFC 9110, 12.5.3).
    /// </summary>
    public static IReadOnlyList<ContentCoding> Negotiate(IReadOnlyList<ContentCoding> offered, StringValues acceptEncoding)
    {
        if (offered.Count == 0 || StringValues.IsNullOrEmpty(acceptEncoding)
            || !StringWithQualityHeaderValue.TryParseList(acceptEncoding.ToArray()!, out var accepted))
        {
            return [];
        }

        var plain = FindQuality(accepted, "identity", orAny: false) ?? 0;
        List<(ContentCoding Coding, double Quality)> taken = [];
        foreach (var coding in offered)
        {
            var quality = FindQuality(accepted, coding.Name, orAny: true) ?? 0;
            if (quality > 0 && quality >= plain)
            {
                // Inserted behind its equals: the offer's order stays.
                var at = taken.FindIndex(other => other.Quality < quality);
                taken.Insert(at < 0 ? taken.Count : at, (coding, quality));
            }
        }

        return taken.ConvertAll(entry => entry.Coding);
    }

    private static double? FindQuality(IList<StringWithQualityHeaderValue> accepted, string name, bool orAny)
    {
        double? any = null;
        foreach (var entry in accepted)
        {
            if (entry.Value.Equals(name, StringComparison.OrdinalIgnoreCase)
                || (name == "gzip" && entry.Value.Equals("x-gzip", StringComparison.OrdinalIgnoreCase)))
            {
                return entry.Quality ?? 1;
            }

            if (orAny && entry.Value == "*")
            {
                any = entry.Quality ?? 1;
            }
        }

        return any;
    }
}
