using System.Globalization;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Clusters;

/// <summary>The weight in a destination's metadata.</summary>
internal static class DestinationWeight
{
    public const string MetadataKey = "Weight";

    public const int Default = 1;

    // Keeps sums of weights far from overflowing.
    public const int Max = 1_000_000;

    /// <summary>Reads the weight, <see cref="Default"/> where none is set.</summary>
    /// <returns>Whether what is set is a whole number from 0 to <see cref="Max"/>.</returns>
    public static bool TryRead(DestinationConfig destination, out int weight)
    {
        weight = Default;
        if (destination.Metadata is null || !destination.Metadata.TryGetValue(MetadataKey, out var text))
        {
            return true;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= Max)
        {
            weight = value;
            return true;
        }

        return false;
    }
}
