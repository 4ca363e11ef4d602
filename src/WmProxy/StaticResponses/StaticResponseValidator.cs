using System.Collections.Generic;
using Microsoft.AspNetCore.Routing;
using WmProxy.Configuration;
using WmProxy.Routes;

namespace WmProxy.StaticResponses;

/// <summary>Finds what is wrong in an entry of <c>StaticResponses</c>.</summary>
internal static class StaticResponseValidator
{
    public static IEnumerable<ConfigError> Validate(StaticResponseConfig config, ParameterPolicyFactory? constraints)
    {
        var path = $"WmProxy:StaticResponses:{config.Id}";
        List<ConfigError> errors =
        [
            .. RouteMatchValidator.Validate(config.Match, $"{path}:Match", constraints),
            .. ResponseFieldsValidator.ValidateMediaType(config.ContentType, $"{path}:ContentType"),
            .. ResponseFieldsValidator.Validate(config.Headers, $"{path}:Headers"),
        ];

        if (config.StatusCode is < 200 or > 599)
        {
            errors.Add(new ConfigError($"{path}:StatusCode", $"{config.StatusCode} is not the status of an answer; it is 200 to 599."));
        }
        else if (!string.IsNullOrEmpty(config.Body) && config.StatusCode is { } status && !StaticResponseHandler.MayHaveBody(status))
        {
            errors.Add(new ConfigError($"{path}:Body", $"An answer with status {status} has no body."));
        }

        return errors;
    }
}
