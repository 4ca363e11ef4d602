using System.Collections.Generic;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Matching;

namespace WmProxy.Routes;

/// <summary>
/// Judges the header and query conditions of our endpoints, and ranks endpoints by how many they have: more header
/// conditions first, then more query conditions, as YARP ranks its routes among themselves.
/// </summary>
/// <remarks>
/// Runs after the method and host policies (-1000, -100) and just before YARP's header policy (-50): that one does not see
/// our metadata and would put every YARP route with a condition first. Ours counts both kinds.
/// </remarks>
internal sealed class MatchConditionsPolicy : MatcherPolicy, IEndpointComparerPolicy, IEndpointSelectorPolicy
{
    public override int Order => -51;

    public IComparer<Endpoint> Comparer { get; } = Comparer<Endpoint>.Create(static (left, right) =>
    {
        var byHeaders = MatchConditions.CountHeaders(right).CompareTo(MatchConditions.CountHeaders(left));
        return byHeaders != 0 ? byHeaders : MatchConditions.CountQueryParameters(right).CompareTo(MatchConditions.CountQueryParameters(left));
    });

    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints)
    {
        if (ContainsDynamicEndpoints(endpoints))
        {
            return true;
        }

        foreach (var endpoint in endpoints)
        {
            if (endpoint.Metadata.GetMetadata<MatchConditions>() is not null)
            {
                return true;
            }
        }

        return false;
    }

    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates)
    {
        for (var i = 0; i < candidates.Count; i++)
        {
            // An endpoint that another policy took out of the set (dynamic ones are replaced there) is null.
            if (candidates.IsValidCandidate(i)
                && candidates[i].Endpoint?.Metadata.GetMetadata<MatchConditions>() is { } conditions
                && !conditions.Matches(httpContext.Request))
            {
                candidates.SetValidity(i, false);
            }
        }

        return Task.CompletedTask;
    }
}
