using System.Collections.Generic;
using System.Linq;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Routes;

/// <summary>
/// Endpoint metadata: the header and query conditions of a route match. YARP's own metadata for the same thing is internal,
/// so endpoints of ours carry this and <see cref="MatchConditionsPolicy"/> judges it.
/// </summary>
internal sealed class MatchConditions
{
    private readonly HeaderCondition[] _headers;
    private readonly QueryParameterCondition[] _queryParameters;

    private MatchConditions(HeaderCondition[] headers, QueryParameterCondition[] queryParameters)
    {
        _headers = headers;
        _queryParameters = queryParameters;
    }

    /// <summary>The conditions of <paramref name="match"/>, or <see langword="null"/> when it has none.</summary>
    public static MatchConditions? Create(RouteMatch match)
    {
        HeaderCondition[] headers = [.. (match.Headers ?? []).Select(header => new HeaderCondition(header))];
        QueryParameterCondition[] queryParameters = [.. (match.QueryParameters ?? []).Select(parameter => new QueryParameterCondition(parameter))];
        return headers.Length + queryParameters.Length == 0 ? null : new MatchConditions(headers, queryParameters);
    }

    /// <summary>How many header conditions an endpoint of ours or of YARP has.</summary>
    public static int CountHeaders(Endpoint endpoint)
    {
        return endpoint.Metadata.GetMetadata<MatchConditions>()?._headers.Length
            ?? Count(endpoint.Metadata.GetMetadata<RouteModel>()?.Config.Match.Headers);
    }

    /// <summary>How many query conditions an endpoint of ours or of YARP has.</summary>
    public static int CountQueryParameters(Endpoint endpoint)
    {
        return endpoint.Metadata.GetMetadata<MatchConditions>()?._queryParameters.Length
            ?? Count(endpoint.Metadata.GetMetadata<RouteModel>()?.Config.Match.QueryParameters);
    }

    /// <summary>Whether <paramref name="request"/> meets every condition.</summary>
    public bool Matches(HttpRequest request)
    {
        foreach (var header in _headers)
        {
            if (!header.Matches(request.Headers))
            {
                return false;
            }
        }

        foreach (var parameter in _queryParameters)
        {
            if (!parameter.Matches(request.Query))
            {
                return false;
            }
        }

        return true;
    }

    private static int Count<T>(IReadOnlyList<T>? list) => list?.Count ?? 0;
}
