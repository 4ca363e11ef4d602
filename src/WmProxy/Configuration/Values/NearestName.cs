using System;
using System.Collections.Generic;

namespace WmProxy.Configuration.Values;

/// <summary>Finds the name that a mistyped one was most likely meant to be.</summary>
internal static class NearestName
{
    private const int MaxLength = 64;

    /// <summary>The candidate with the fewest edits (insert, delete, replace, swap of neighbours; case aside), unless it is too far away to be meant.</summary>
    public static string? Find(string name, IEnumerable<string> candidates)
    {
        string? best = null;
        var bestDistance = int.MaxValue;
        foreach (var candidate in candidates)
        {
            var limit = Math.Max(1, Math.Max(name.Length, candidate.Length) / 3);
            if (name.Length > MaxLength || candidate.Length > MaxLength || Math.Abs(name.Length - candidate.Length) > limit)
            {
                continue;
            }

            var distance = Distance(name.ToUpperInvariant(), candidate.ToUpperInvariant());
            if (distance <= limit && distance < bestDistance)
            {
                (best, bestDistance) = (candidate, distance);
            }
        }

        return best;
    }

    /// <summary>A sentence that proposes the nearest candidate and lists all of them, up to a bound.</summary>
    public static string Proposal(string name, IReadOnlyCollection<string> candidates, string label)
    {
        const int Shown = 40;
        var nearest = Find(name, candidates);
        var mean = nearest is null ? "" : $"did you mean '{nearest}'? ";
        var more = candidates.Count > Shown ? ", …" : "";
        return candidates.Count == 0 ? $"{label}: none" : $"{mean}{label}: {string.Join(", ", TakeFirst(candidates, Shown))}{more}";
    }

    private static IEnumerable<string> TakeFirst(IReadOnlyCollection<string> names, int count)
    {
        foreach (var name in names)
        {
            if (count-- == 0)
            {
                yield break;
            }

            yield return name;
        }
    }

    private static int Distance(string a, string b)
    {
        // Optimal string alignment with three rows.
        Span<int> beforeLast = stackalloc int[MaxLength + 1];
        Span<int> last = stackalloc int[MaxLength + 1];
        Span<int> row = stackalloc int[MaxLength + 1];
        for (var j = 0; j <= b.Length; j++)
        {
            last[j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                row[j] = Math.Min(Math.Min(last[j] + 1, row[j - 1] + 1), last[j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    row[j] = Math.Min(row[j], beforeLast[j - 2] + 1);
                }
            }

            var oldest = beforeLast;
            beforeLast = last;
            last = row;
            row = oldest;
        }

        return last[b.Length];
    }
}
