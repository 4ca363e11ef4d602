using System;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Routes;

/// <summary>One entry of <c>Match:Headers</c>, with the meaning it has in a YARP route.</summary>
internal sealed class HeaderCondition
{
    private readonly string _name;
    private readonly string[] _values;
    private readonly HeaderMatchMode _mode;
    private readonly StringComparison _comparison;
    private readonly char _separator;

    public HeaderCondition(RouteHeader header)
    {
        _name = header.Name;
        _values = [.. header.Values ?? []];
        _mode = header.Mode;
        _comparison = header.IsCaseSensitive ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        _separator = string.Equals(header.Name, HeaderNames.Cookie, StringComparison.OrdinalIgnoreCase) ? ';' : ',';
    }

    public bool Matches(IHeaderDictionary headers)
    {
        // An empty field counts as absent.
        var values = headers[_name];
        if (StringValues.IsNullOrEmpty(values))
        {
            return _mode is HeaderMatchMode.NotExists or HeaderMatchMode.NotContains;
        }

        return _mode switch
        {
            HeaderMatchMode.Exists => true,
            HeaderMatchMode.ExactHeader or HeaderMatchMode.HeaderPrefix => AnyElement(values),
            HeaderMatchMode.Contains => AnyContains(values),
            HeaderMatchMode.NotContains => !AnyContains(values),
            _ => false,
        };
    }

    private bool AnyContains(StringValues values)
    {
        foreach (var value in values)
        {
            foreach (var wanted in _values)
            {
                if (value is not null && value.Contains(wanted, _comparison))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private bool AnyElement(StringValues values)
    {
        foreach (var value in values)
        {
            // Elements of a list; a separator within quotes is part of its element.
            var quoted = false;
            var start = 0;
            for (var i = 0; value is not null && i <= value.Length; i++)
            {
                if (i == value.Length || (value[i] == _separator && !quoted))
                {
                    if (MatchesElement(value.AsSpan(start, i - start)))
                    {
                        return true;
                    }

                    start = i + 1;
                }
                else if (value[i] == '"')
                {
                    quoted = !quoted;
                }
            }
        }

        return false;
    }

    private bool MatchesElement(ReadOnlySpan<char> element)
    {
        element = element.Trim(" \t");
        if (element.Length > 1 && element[0] == '"' && element[^1] == '"')
        {
            element = element[1..^1];
        }

        foreach (var wanted in _values)
        {
            if (_mode == HeaderMatchMode.ExactHeader ? element.Equals(wanted, _comparison) : element.StartsWith(wanted, _comparison))
            {
                return true;
            }
        }

        return false;
    }
}
