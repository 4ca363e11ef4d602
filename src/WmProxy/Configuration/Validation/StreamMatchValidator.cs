namespace WmProxy.Configuration.Validation;

/// <summary>The syntax of <c>Match</c>.</summary>
internal static class StreamMatchValidator
{
    public static void Validate(StreamConfig stream, ConfigErrorCollector errors)
    {
        if (stream.Match is not { } match)
        {
            return;
        }

        for (var i = 0; i < match.ServerNames.Count; i++)
        {
            if (ServerNameSyntax.FindError(match.ServerNames[i]) is { } error)
            {
                errors.Add(ConfigKeyPath.Item(ConfigKeyPath.Stream(stream.StreamId, "Match", "ServerNames"), i), error);
            }
        }

        AlpnValidator.Validate(ConfigKeyPath.Stream(stream.StreamId, "Match", "AlpnProtocols"), match.AlpnProtocols, errors);
    }
}
