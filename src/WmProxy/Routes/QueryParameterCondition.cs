using System;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Routes;

/// <summary>One entry of <c>Match:QueryParameters</c>, with the meaning it has in a YARP route.</summary>
internal sealed class QueryParameterCondition
{
    private readonly string _name;
    private readonly string[] _values;
    private readonly QueryParameterMatchMode _mode;
    private readonly StringComparison _comparison;

    public QueryParameterCondition(RouteQueryParameter parameter)
    {
        _name = parameter.Name;
        _values = [.. parameter.Values ?? []];
        _mode = parameter.Mode;
        _comparison = parameter.IsCaseSensitive ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
    }

    public bool Matches(IQueryCollection query)
    {
        // A parameter without a value counts as absent.
        var values = query[_name];
        if (StringValues.IsNullOrEmpty(values))
        {
            return _mode is QueryParameterMatchMode.NotContains;
        }

        return _mode switch
        {
            QueryParameterMatchMode.Exists => true,
            QueryParameterMatchMode.NotContains => !Any(values),
            _ => Any(values),
        };
    }

    private bool Any(StringValues values)
    {
        foreach (var value in values)
        {
            foreach (var wanted in _values)
            {
                if (value is not null && MatchesValue(value, wanted))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private bool MatchesValue(string value, string wanted) => _mode switch
    {
        QueryParameterMatchMode.Exact => value.Equals(wanted, _comparison),
        QueryParameterMatchMode.Prefix => value.StartsWith(wanted, _comparison),
        _ => value.Contains(wanted, _comparison),
    };
}
